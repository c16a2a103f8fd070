/* Runs a fuzz target over a committed corpus, so that it is tested in every build: each file of the
 * folders (or files) named on the command line is one input, copied to a block of exactly its size. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) {
        perror(path);
        return -1;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    printf("%s (%zu bytes)\n", path, size);
    fflush(stdout); /* the name of the input that ends the process is the last line */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* Inputs replayed, or -1. */
static int replay(const char *path) {
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    if (count < 0)
        return replay_file(path);
    int replayed = 0;
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
        int one = names[i]->d_name[0] == '.' ? 0 : replay_file(inner);
        replayed = one < 0 || replayed < 0 ? -1 : replayed + one;
        free(names[i]);
    }
    free(names);
    return replayed;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (count <= 0) {
            fprintf(stderr, "%s: no input\n", argv[i]);
            return 1;
        }
        total += count;
    }
    printf("%d inputs\n", total);
    return total ? 0 : 1;
}
