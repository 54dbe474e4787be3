/* A disk that fails when told to: preloaded into the server by tests/it/disk.rs.
 *
 * FAULT_DIR names the directory whose files are concerned, FAULT_CONTROL one that holds the switches. While the file
 * `full` is in it, whatever needs room in FAULT_DIR fails with ENOSPC; while `sync` is in it, making things durable
 * fails with EIO. Everything else goes through untouched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_on(const char *fault)
{
    const char *control = getenv("FAULT_CONTROL");
    char path[PATH_MAX];
    int saved = errno;
    if (control == NULL)
        return 0;
    snprintf(path, sizeof path, "%s/%s", control, fault);
    int there = access(path, F_OK) == 0;
    errno = saved;
    return there;
}

static int is_concerned(int fd)
{
    const char *dir = getenv("FAULT_DIR");
    char link[64], path[PATH_MAX];
    int saved = errno;
    if (dir == NULL)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    size_t prefix = strlen(dir);
    return length > (ssize_t)prefix && strncmp(path, dir, prefix) == 0 && path[prefix] == '/';
}

#define FAILS(fd, fault) (is_on(fault) && is_concerned(fd))

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define FAULTY(type, name, parameters, arguments, fault, error) \
    type name parameters \
    { \
        REAL(name); \
        if (FAILS(fd, fault)) { \
            errno = error; \
            return -1; \
        } \
        return real arguments; \
    }

#define FULL(type, name, parameters, arguments) FAULTY(type, name, parameters, arguments, "full", ENOSPC)

FULL(ssize_t, write, (int fd, const void *bytes, size_t count), (fd, bytes, count))
FULL(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
FULL(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at))
FULL(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
FULL(int, fallocate, (int fd, int mode, off_t at, off_t length), (fd, mode, at, length))

/* These report an error as their result. */
int posix_fallocate(int fd, off_t at, off_t length)
{
    REAL(posix_fallocate);
    return FAILS(fd, "full") ? ENOSPC : real(fd, at, length);
}

/* To make a file shorter needs no room, but SQLite does both with the same call, and only growing matters here. */
FULL(int, ftruncate, (int fd, off_t length), (fd, length))
FULL(int, ftruncate64, (int fd, off64_t length), (fd, length))

FAULTY(int, fsync, (int fd), (fd), "sync", EIO)
FAULTY(int, fdatasync, (int fd), (fd), "sync", EIO)
