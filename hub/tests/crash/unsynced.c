/* A preloaded library that keeps a journal of what a process has made durable, so that a test can take away the rest.
 *
 * Below the folder UNSYNCED_FOLDER it notes which files are made, how long each is when it is synced, and which names
 * change before their folder is synced; names that vanish are kept as links in UNSYNCED_GRAVES. The journal is written
 * with one system call per line, so it survives the process. power.rs reads it and restores what a power cut would have
 * left. With UNSYNCED_SPACE (bytes) writes fail as on a full disk when so much has been written.
 *
 * It expects files that only grow, which is what the engines write; a write into synced bytes is noted as `over`, and
 * the test then fails instead of proving less than it says. Lines: see Line in power.rs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FILES_MAX 65536

static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], graves[PATH_MAX];
static int journal = -1;
static long long space = -1;
static int graves_made;
static struct { ino_t file; off_t synced; } files[FILES_MAX];

__attribute__((constructor)) static void start(void) {
    const char *where = getenv("UNSYNCED_FOLDER"), *kept = getenv("UNSYNCED_GRAVES"), *lines = getenv("UNSYNCED_JOURNAL");
    const char *room = getenv("UNSYNCED_SPACE");
    if (!where || !kept || !lines || !realpath(where, folder)) return;
    snprintf(graves, sizeof graves, "%s", kept);
    if (room) space = atoll(room);
    journal = (int)syscall(SYS_openat, AT_FDCWD, lines, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(const char *format, ...) {
    char line[2 * PATH_MAX + 64];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length < 0 || length >= (int)sizeof line || syscall(SYS_write, journal, line, length) != length) abort();
}

static int is_inside(const char *path) {
    size_t length = strlen(folder);
    return journal >= 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* The absolute path of a name whose folder is there. */
static int absolute(const char *path, char *out) {
    char copy[PATH_MAX], parent[PATH_MAX];
    if (journal < 0 || snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) return 0;
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash) *slash = 0;
    if (!realpath(slash ? (*copy ? copy : "/") : ".", parent)) return 0;
    return snprintf(out, PATH_MAX, "%s/%s", parent, name) < PATH_MAX && is_inside(out);
}

/* What stands behind a descriptor, if it is a file or a folder inside. */
static int behind(int fd, struct stat *found, char *path) {
    char link[64];
    if (journal < 0 || fd == journal || fstat(fd, found) != 0) return 0;
    if (!S_ISREG(found->st_mode) && !S_ISDIR(found->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

/* The place of a file in the table; its mutex is held. */
static off_t *synced_of(ino_t file) {
    for (size_t step = 0; step < FILES_MAX; step++) {
        size_t at = (file + step) % FILES_MAX;
        if (files[at].file == 0) { files[at].file = file; files[at].synced = -1; }
        if (files[at].file == file) return &files[at].synced;
    }
    abort();
}

static void set_synced(ino_t file, off_t length) {
    pthread_mutex_lock(&table);
    *synced_of(file) = length;
    pthread_mutex_unlock(&table);
}

/* Whether a write may happen; notes one that changes what was synced. */
static int may_write(int fd, off_t at, size_t bytes) {
    struct stat found;
    char path[PATH_MAX];
    if (!behind(fd, &found, path)) return 1;
    if (at < 0) at = (fcntl(fd, F_GETFL) & O_APPEND) ? found.st_size : lseek(fd, 0, SEEK_CUR);
    pthread_mutex_lock(&table);
    int is_over = at < *synced_of(found.st_ino), is_full = space >= 0 && (space -= (long long)bytes) < 0;
    if (is_full) space = 0;
    pthread_mutex_unlock(&table);
    if (is_over) note("over %s\n", path);
    if (is_full) errno = ENOSPC;
    return !is_full;
}

static int opened(int fd, int was_there, int is_cut) {
    struct stat found;
    char path[PATH_MAX];
    if (fd < 0 || !behind(fd, &found, path) || !S_ISREG(found.st_mode)) return fd;
    pthread_mutex_lock(&table);
    off_t *synced = synced_of(found.st_ino);
    if (!was_there) {
        *synced = 0;
        note("new %llu %s\n", (unsigned long long)found.st_ino, path);
    } else if (*synced < 0) {
        *synced = found.st_size;
        note("old %llu %lld\n", (unsigned long long)found.st_ino, (long long)found.st_size);
    } else if (is_cut && *synced > 0) {
        note("over %s\n", path);
    }
    pthread_mutex_unlock(&table);
    return fd;
}

static int open_noted(int (*next)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    if (journal < 0 || (flags & O_ACCMODE) == O_RDONLY) return next(path, flags, mode);
    pthread_mutex_lock(&names);
    int was_there = access(path, F_OK) == 0;
    int fd = opened(next(path, flags, mode), was_there, flags & O_TRUNC);
    pthread_mutex_unlock(&names);
    return fd;
}

static mode_t mode_of(int flags, va_list values) { return (flags & O_CREAT) ? va_arg(values, mode_t) : 0; }

int open(const char *path, int flags, ...) {
    va_list values;
    va_start(values, flags);
    mode_t mode = mode_of(flags, values);
    va_end(values);
    return open_noted(NEXT(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list values;
    va_start(values, flags);
    mode_t mode = mode_of(flags, values);
    va_end(values);
    return open_noted(NEXT(open64), path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*next)(int, const void *, size_t);
    if (!next) next = NEXT(write);
    return may_write(fd, -1, count) ? next(fd, bytes, count) : -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int part = 0; part < count; part++) bytes += parts[part].iov_len;
    return may_write(fd, -1, bytes) ? NEXT(writev)(fd, parts, count) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return may_write(fd, at, count) ? NEXT(pwrite)(fd, bytes, count, at) : -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return may_write(fd, at, count) ? NEXT(pwrite64)(fd, bytes, count, at) : -1;
}

static int truncated(int result, int fd, off_t length) {
    struct stat found;
    char path[PATH_MAX];
    if (result == 0 && behind(fd, &found, path)) {
        pthread_mutex_lock(&table);
        off_t *synced = synced_of(found.st_ino);
        if (length < *synced) { *synced = length; note("sync %llu %lld\n", (unsigned long long)found.st_ino, (long long)length); }
        pthread_mutex_unlock(&table);
    }
    return result;
}

int ftruncate(int fd, off_t length) { return truncated(NEXT(ftruncate)(fd, length), fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(NEXT(ftruncate64)(fd, length), fd, length); }

/* What the file held when the sync began is durable when it ends, and what its folder named. */
static int sync_noted(int (*next)(int), int fd) {
    struct stat found;
    char path[PATH_MAX];
    if (!behind(fd, &found, path)) return next(fd);
    if (S_ISDIR(found.st_mode)) {
        pthread_mutex_lock(&names);
        int result = next(fd);
        if (result == 0) note("dir %s\n", path);
        pthread_mutex_unlock(&names);
        return result;
    }
    int result = next(fd);
    if (result == 0) {
        set_synced(found.st_ino, found.st_size);
        note("sync %llu %lld\n", (unsigned long long)found.st_ino, (long long)found.st_size);
    }
    return result;
}

int fsync(int fd) { return sync_noted(NEXT(fsync), fd); }
int fdatasync(int fd) { return sync_noted(NEXT(fdatasync), fd); }

/* Keeps a file that loses its name; whether there was one. The name of its grave is left in `grave`. */
static int bury(const char *path, char *grave) {
    char full[2 * PATH_MAX];
    snprintf(grave, 64, "%d.%d", (int)getpid(), graves_made++);
    snprintf(full, sizeof full, "%s/%s", graves, grave);
    if (link(path, full) == 0) return 1;
    strcpy(grave, "-");
    return 0;
}

/* The absolute path of a name in an open folder. */
static int absolute_at(int at, const char *path, char *out) {
    char joined[PATH_MAX];
    if (at == AT_FDCWD || *path == '/') return absolute(path, out);
    return snprintf(joined, sizeof joined, "/proc/self/fd/%d/%s", at, path) < (int)sizeof joined && absolute(joined, out);
}

static int moved(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char old[PATH_MAX], new[PATH_MAX], grave[64] = "-";
    int is_noted = absolute_at(from_at, from, old) && absolute_at(to_at, to, new);
    pthread_mutex_lock(&names);
    if (is_noted && flags == 0) bury(new, grave);
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (is_noted && result == 0) note("move %s %s\t%s\n", grave, old, new);
    pthread_mutex_unlock(&names);
    return result;
}

int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return moved(a, from, b, to, flags); }

int unlinkat(int at, const char *path, int flags) {
    char old[PATH_MAX], grave[64];
    int is_noted = !(flags & AT_REMOVEDIR) && absolute_at(at, path, old);
    pthread_mutex_lock(&names);
    int is_buried = is_noted && bury(old, grave);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    if (is_buried && result == 0) note("gone %s %s\n", grave, old);
    pthread_mutex_unlock(&names);
    return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
