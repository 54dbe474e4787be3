//! Descriptions of fields that are an object or null.
//!
//! The derive writes such a field as one of two schemas, and its description beside the reference in one of them,
//! where many tools do not look. Here it moves up to the field.

use utoipa::openapi::schema::{ArrayItems, OneOf};
use utoipa::openapi::{RefOr, Schema};

/// Moves the descriptions up, in `schema` and all that is inside.
pub(super) fn describe_fields(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => object.properties.values_mut().for_each(describe_fields),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                describe_fields(items);
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(describe_fields),
        Schema::OneOf(one) => {
            move_up(one);
            one.items.iter_mut().for_each(describe_fields);
        }
        _ => {}
    }
}

fn move_up(one: &mut OneOf) {
    for item in &mut one.items {
        if let RefOr::Ref(reference) = item
            && one.description.is_none()
            && !reference.description.is_empty()
        {
            one.description = Some(std::mem::take(&mut reference.description));
        }
    }
}
