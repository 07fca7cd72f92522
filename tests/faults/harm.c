/* A disk that is full or slow, and a clock that jumps, for one process.
 *
 * LD_PRELOAD=harm.so HARM_FOLDER=/x HARM_CONTROL=/y program
 * HARM_CONTROL is a file of three 64-bit numbers that the test changes while the program runs: microseconds each flush
 * takes longer, whether the disk is full (writes below HARM_FOLDER fail with ENOSPC), nanoseconds the clock is ahead.
 * Only the wall clock jumps: the monotonic one never does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t flush_us, full, ahead_ns;
};

static struct control nothing, *control = &nothing;

__attribute__((constructor)) static void open_control(void) {
    const char *path = getenv("HARM_CONTROL");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) control = found;
    close(file);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

static int below(int file) {
    const char *folder = getenv("HARM_FOLDER");
    char link[40], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!folder || length < 0) return 0;
    path[length] = 0;
    return !strncmp(path, folder, strlen(folder));
}

static int is_full(int file) { return control->full && below(file); }

#define WRITING(name, offset_type) \
    ssize_t name(int file, const void *data, size_t size, offset_type offset) { \
        REAL(name) \
        if (is_full(file)) return errno = ENOSPC, -1; \
        return real(file, data, size, offset); \
    }
WRITING(pwrite, off_t)
WRITING(pwrite64, off64_t)

ssize_t write(int file, const void *data, size_t size) {
    REAL(write)
    if (is_full(file)) return errno = ENOSPC, -1;
    return real(file, data, size);
}

#define FLUSHING(name) \
    int name(int file) { \
        REAL(name) \
        if (control->flush_us && below(file)) usleep(control->flush_us); \
        return real(file); \
    }
FLUSHING(fsync)
FLUSHING(fdatasync)

#define NS 1000000000LL

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(clock_gettime)
    int failed = real(which, now);
    if (!failed && which == CLOCK_REALTIME && control->ahead_ns) {
        int64_t all = now->tv_sec * NS + now->tv_nsec + control->ahead_ns;
        now->tv_sec = all / NS;
        now->tv_nsec = all % NS;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now) *now = found.tv_sec;
    return found.tv_sec;
}
