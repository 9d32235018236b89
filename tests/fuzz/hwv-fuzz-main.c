/* SPDX-License-Identifier: Apache-2.0 */

/* Replays inputs of a fuzz target.
 *
 * usage: fuzz-NAME [FILE | DIRECTORY]...
 *
 * Without arguments, which is what "make check" does, those in
 * $srcdir/tests/fuzz/corpus/NAME.  The last line that is printed tells the
 * input that failed. */

#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hwv-fuzz.h"
#include "svec.h"
#include "util.h"

static void
run_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    uint8_t *exact, buf[65536];
    size_t size;

    if (!stream) {
        ovs_fatal(errno, "%s", path);
    }
    size = fread(buf, 1, sizeof buf, stream);
    fclose(stream);

    printf("%s\n", path);
    fflush(stdout);

    /* A sanitizer sees reads beyond the end. */
    exact = xmemdup(buf, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

/* Adds 'path', or the files in it if it is a directory, to 'files'. */
static void
add_path(const char *path, struct svec *files)
{
    struct dirent *entry;
    struct stat s;
    DIR *dir;

    if (stat(path, &s)) {
        ovs_fatal(errno, "%s", path);
    }
    if (!S_ISDIR(s.st_mode)) {
        svec_add(files, path);
        return;
    }
    dir = opendir(path);
    if (!dir) {
        ovs_fatal(errno, "%s", path);
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            svec_add_nocopy(files, xasprintf("%s/%s", path, entry->d_name));
        }
    }
    closedir(dir);
}

/* Adds the corpus of the target called as 'program' is. */
static void
add_corpus(const char *program, struct svec *files)
{
    const char *srcdir = getenv("srcdir");
    const char *name = strrchr(program, '/');
    char *path;

    name = name ? name + 1 : program;
    if (!strncmp(name, "lt-", 3)) {
        name += 3;              /* As libtool calls it. */
    }
    path = xasprintf("%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
                     name + strlen("fuzz-"));
    add_path(path, files);
    free(path);
}

int
main(int argc, char *argv[])
{
    struct svec files = SVEC_EMPTY_INITIALIZER;
    const char *file;
    size_t i;

    LLVMFuzzerInitialize(&argc, &argv);
    for (int n = 1; n < argc; n++) {
        add_path(argv[n], &files);
    }
    if (argc < 2) {
        add_corpus(argv[0], &files);
    }
    if (svec_is_empty(&files)) {
        ovs_fatal(0, "there are no inputs");
    }

    svec_sort(&files);
    SVEC_FOR_EACH (i, file, &files) {
        run_file(file);
    }
    printf("%"PRIuSIZE" inputs\n", files.n);
    svec_destroy(&files);
    return 0;
}
