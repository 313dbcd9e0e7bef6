// Runs a kernel in wasm3 and prints what `prost-asm run --json` prints:
//   wasm3 FILE.wasm ARGUMENT REPETITIONS
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "wasm3.h"

static unsigned char file[1 << 20];

static double processTime(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static void check(M3Result result) {
    if (!result) return;
    fprintf(stderr, "%s\n", result);
    exit(1);
}

int main(int count, char **arguments) {
    if (count != 4) return 64;
    FILE *input = fopen(arguments[1], "rb");
    if (!input) return 66;
    size_t size = fread(file, 1, sizeof file, input);
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 64 * 1024, NULL);
    IM3Module module;
    IM3Function run;
    check(m3_ParseModule(environment, &module, file, size));
    check(m3_LoadModule(runtime, module));
    check(m3_FindFunction(&run, runtime, "run"));
    double best = 1e18;
    long long result = 0;
    for (int call = 0; call < atoi(arguments[3]); call++) {
        double start = processTime();
        check(m3_CallV(run, atoi(arguments[2])));
        double time = processTime() - start;
        if (time < best) best = time;
        check(m3_GetResultsV(run, &result));
    }
    printf("{\"result\": \"%lld\", \"cpu_ns\": %.0f}\n", result, best);
}
