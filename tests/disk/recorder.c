/* Records what a process writes and flushes below a folder, so that a test can tell what a power cut would have left.
 *
 * LD_PRELOAD=recorder.so RECORD_FOLDER=/x RECORD_LOG=/y program
 * A record: type (W write, T truncate, S flush, U unlink, R rename), then path length (u32), offset (u64), data length (u32), path,
 * data. The lock is held across the real call, so the order of the log is the order of execution; a flush is recorded
 * when it has returned. Shared memory (-shm) is no file to a disk and is left out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -2;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

static int below(const char *path) {
    const char *folder = getenv("RECORD_FOLDER");
    size_t length = strlen(path);
    if (!folder || strncmp(path, folder, strlen(folder))) return 0;
    return length < 4 || strcmp(path + length - 4, "-shm");
}

static int watched(int file, char *path) {
    char link[40];
    struct stat found;
    if (fstat(file, &found) || !S_ISREG(found.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static void record(char type, const char *path, uint64_t offset, const void *data, uint32_t size) {
    if (log_file == -2) log_file = open(getenv("RECORD_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    uint32_t length = strlen(path);
    struct iovec parts[] = {{&type, 1}, {&length, 4}, {&offset, 8}, {&size, 4}, {(void *)path, length}, {(void *)data, size}};
    if (writev(log_file, parts, 6) < 0) abort();
}

#define WRITING(name, offset_type) \
    ssize_t name(int file, const void *data, size_t size, offset_type offset) { \
        REAL(name) \
        char path[PATH_MAX]; \
        if (!watched(file, path)) return real(file, data, size, offset); \
        pthread_mutex_lock(&lock); \
        ssize_t done = real(file, data, size, offset); \
        if (done > 0) record('W', path, offset, data, done); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
WRITING(pwrite, off_t)
WRITING(pwrite64, off64_t)

ssize_t write(int file, const void *data, size_t size) {
    REAL(write)
    char path[PATH_MAX];
    if (!watched(file, path)) return real(file, data, size);
    pthread_mutex_lock(&lock);
    ssize_t done = real(file, data, size);
    if (done > 0) record('W', path, lseek(file, 0, SEEK_CUR) - done, data, done);
    pthread_mutex_unlock(&lock);
    return done;
}

#define FLUSHING(name) \
    int name(int file) { \
        REAL(name) \
        char path[PATH_MAX]; \
        if (!watched(file, path)) return real(file); \
        pthread_mutex_lock(&lock); \
        int failed = real(file); \
        if (!failed) record('S', path, 0, "", 0); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
FLUSHING(fsync)
FLUSHING(fdatasync)

#define CUTTING(name, offset_type) \
    int name(int file, offset_type size) { \
        REAL(name) \
        char path[PATH_MAX]; \
        if (!watched(file, path)) return real(file, size); \
        pthread_mutex_lock(&lock); \
        int failed = real(file, size); \
        if (!failed) record('T', path, size, "", 0); \
        pthread_mutex_unlock(&lock); \
        return failed; \
    }
CUTTING(ftruncate, off_t)
CUTTING(ftruncate64, off64_t)

int unlink(const char *path) {
    REAL(unlink)
    if (!below(path)) return real(path);
    pthread_mutex_lock(&lock);
    int failed = real(path);
    if (!failed) record('U', path, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int rename(const char *path, const char *to) {
    REAL(rename)
    if (!below(path)) return real(path, to);
    pthread_mutex_lock(&lock);
    int failed = real(path, to);
    if (!failed) record('R', path, 0, to, strlen(to));
    pthread_mutex_unlock(&lock);
    return failed;
}
