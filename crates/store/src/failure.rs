//! What the engines share in failing: which errors are the engine's rather than the caller's, and corruption.

use std::fmt::Debug;

use crate::{AcceptError, ChangeError, CreateError, Error, PersonError, ResendError, StartError};

/// An error of a job: either the engine failed, and the transaction is worth nothing, or the job refused what was
/// asked before it wrote anything, and the transaction goes on.
pub(crate) trait Failure: From<Error> + Send + 'static {
    /// The engine's failure, or the refusal itself.
    fn into_engine(self) -> Result<Error, Self>;
}

impl Failure for Error {
    fn into_engine(self) -> Result<Error, Self> {
        Ok(self)
    }
}

macro_rules! failures {
    ($($name:ident),*) => {$(
        impl Failure for $name {
            fn into_engine(self) -> Result<Error, Self> {
                if let Self::Store(error) = self { Ok(error) } else { Err(self) }
            }
        }
    )*};
}

failures!(AcceptError, ChangeError, PersonError, StartError, ResendError);

impl<T: Debug + Send + 'static> Failure for CreateError<T> {
    fn into_engine(self) -> Result<Error, Self> {
        if let Self::Store(error) = self { Ok(error) } else { Err(self) }
    }
}

/// Lets `?` make every operation's error of a driver's, by way of [`Error`].
macro_rules! from_driver {
    ($driver:ty) => {
        $crate::failure::from_driver!(
            $driver, $crate::AcceptError, $crate::ChangeError, $crate::PersonError, $crate::StartError,
            $crate::ResendError
        );

        impl<T: std::fmt::Debug> From<$driver> for $crate::CreateError<T> {
            fn from(error: $driver) -> Self {
                Self::Store(error.into())
            }
        }
    };
    ($driver:ty, $($name:ty),*) => {$(
        impl From<$driver> for $name {
            fn from(error: $driver) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}
pub(crate) use from_driver;

/// An [`Error::Corrupt`].
pub(crate) fn corrupt(table: &'static str, column: &'static str, row: i64, what: &impl ToString) -> Error {
    Error::Corrupt { table, column, row, what: what.to_string() }
}
