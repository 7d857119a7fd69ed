// Products of bf16 on a processor without them, to test what follows from them and to measure what bf16 does to quality (never to
// speed): the functions of oneDNN that src/engine/compute/cpu/oneDnn.ts calls, by OpenBLAS. A product of two bf16 is exact in f32, so
// that this is what a processor with bf16 gives but for the order of its sums. The tests compile it by test/support/bf16Products.ts.
//   gcc -O3 -march=native -shared -fPIC -o libbf16Products.so bench/bf16Products.c -ldl
//   SPARSESCOPE_ONEDNN=$PWD/libbf16Products.so npx tsx bench/realModel.ts … --precision bf16
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef void (*Sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                      int ldb, float beta, float *c, int ldc);

static Sgemm openblas(void) {
  static Sgemm found;
  if (found) return found;
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) abort();
  ((void (*)(int))dlsym(library, "openblas_set_num_threads"))(1);
  return found = (Sgemm)dlsym(library, "cblas_sgemm");
}

static int version[3] = {3, 7, 2};
void *dnnl_version(void) { return version; }
/** As oneDNN's: a limit below bf16 leaves the bit of its instructions out. */
int dnnl_get_effective_cpu_isa(void) { return getenv("DNNL_MAX_CPU_ISA") ? 0x67 : 0xe7; }
void omp_set_num_threads(int n) { (void)n; }

static int turned(char t) { return t == 'T' ? 112 : 111; }

int dnnl_sgemm(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
               int64_t ldb, float beta, float *c, int64_t ldc) {
  openblas()(101, turned(ta), turned(tb), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  return 0;
}

struct Scratch {
  uint32_t *values;
  int64_t capacity;
};

/** Rows of bf16 as dense rows of f32: the upper halves. */
static const float *widened(const uint16_t *x, int64_t rows, int64_t columns, int64_t stride, struct Scratch *scratch) {
  if (scratch->capacity < rows * columns) {
    free(scratch->values);
    scratch->capacity = rows * columns;
    scratch->values = malloc(4 * scratch->capacity);
    if (!scratch->values) abort();
  }
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) scratch->values[i * columns + j] = (uint32_t)x[i * stride + j] << 16;
  return (const float *)scratch->values;
}

int dnnl_gemm_bf16bf16f32(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const uint16_t *a, int64_t lda,
                          const uint16_t *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  static __thread struct Scratch left, right;
  int64_t rowsOfA = ta == 'T' ? k : m, columnsOfA = ta == 'T' ? m : k;
  int64_t rowsOfB = tb == 'T' ? n : k, columnsOfB = tb == 'T' ? k : n;
  const float *x = widened(a, rowsOfA, columnsOfA, lda, &left);
  const float *y = widened(b, rowsOfB, columnsOfB, ldb, &right);
  return dnnl_sgemm(ta, tb, m, n, k, alpha, x, columnsOfA, y, columnsOfB, beta, c, ldc);
}
