// Exhaustive scoring in windows of 32,768 documents: the peer that every method of skipping has to beat.
//
// A term in over 1/16 of the documents is a column of 8-bit weights, the others are lists of 16-bit places in the
// window and 8-bit weights. A query is scaled to weights of at most 8 bits whose scores fit 16 bits. A window's scores are
// summed in registers over the columns, then list after list in the second-level cache, then compared with the
// threshold 32 at a time. Optionally the best k + M are scored again in float32 from a forward store of half floats.
//
//	exhaustive DATA INDEX [forward=1]   DATA holds docs.csr and queries.csr, INDEX is a file
//	set rerank=M                        M 0: none
//
// The commands are those of package peer.
#define _GNU_SOURCE
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 32768, DENSE = 16, MAXK = 10000 };

#define DIE(...) (fprintf(stderr, "exhaustive: " __VA_ARGS__), fputc('\n', stderr), exit(1))

typedef struct {
	int64_t rows, columns, nonzeros;
	const int64_t *at;
	const int32_t *terms;
	const float *weights;
} Csr;

static void *map(const char *name, size_t *size) {
	int f = open(name, O_RDONLY);
	struct stat s;
	if (f < 0 || fstat(f, &s) != 0) DIE("cannot open %s", name);
	void *p = mmap(NULL, s.st_size, PROT_READ, MAP_SHARED, f, 0);
	if (p == MAP_FAILED) DIE("cannot map %s", name);
	close(f);
	*size = s.st_size;
	return p;
}

static Csr csr(const char *dir, const char *file) {
	char name[4096];
	size_t size;
	snprintf(name, sizeof name, "%s/%s", dir, file);
	const int64_t *p = map(name, &size);
	Csr c = {p[0], p[1], p[2], p + 3, NULL, NULL};
	c.terms = (const int32_t *)(p + 3 + c.rows + 1);
	c.weights = (const float *)(c.terms + c.nonzeros);
	if (size != (size_t)(24 + 8 * (c.rows + 1) + 8 * c.nonzeros)) DIE("%s is cut off", name);
	return c;
}

// The index file: this header, then the arrays in the order of Index.
typedef struct {
	int64_t magic, docs, terms, windows, dense, postings, forward;
	double scale; // weight = stored × scale
} Header;

typedef struct {
	Header h;
	int32_t *kind;     // of a term: -1-column, or its list
	uint8_t *max;      // of a term's weights
	uint32_t *start;   // list × windows + 1 → posting
	uint16_t *place;
	uint8_t *weight;
	uint8_t *column;   // column × windows × WINDOW
	int64_t *fat;      // the forward store
	uint16_t *fterm;
	uint16_t *fweight; // half floats
} Index;

static size_t layout(Index *x, char *base) {
	Header *h = &x->h;
	int64_t lists = h->terms - h->dense;
	size_t at = sizeof(Header);
#define PART(p, n) (p = (void *)(base + at), at += (((n) * sizeof *(p)) + 63) / 64 * 64)
	at = 64;
	PART(x->kind, h->terms);
	PART(x->max, h->terms);
	PART(x->start, lists * h->windows + 1);
	PART(x->place, h->postings + 64);
	PART(x->weight, h->postings + 64);
	PART(x->column, h->dense * h->windows * WINDOW);
	if (h->forward) {
		PART(x->fat, h->docs + 1);
		PART(x->fterm, h->forward);
		PART(x->fweight, h->forward);
	}
	return at;
}

static double clock_of(clockid_t id) {
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int64_t nanos(clockid_t id) {
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void build(const char *data, const char *file, int forward) {
	double cpu = clock_of(CLOCK_THREAD_CPUTIME_ID), wall = clock_of(CLOCK_MONOTONIC);
	Csr d = csr(data, "docs.csr");
	Index x = {.h = {.magic = 1, .docs = d.rows, .terms = d.columns}};
	Header *h = &x.h;
	h->windows = (d.rows + WINDOW - 1) / WINDOW;
	int64_t *df = calloc(d.columns, 8);
	float top = 0;
	for (int64_t i = 0; i < d.nonzeros; i++) {
		df[d.terms[i]]++;
		if (d.weights[i] > top) top = d.weights[i];
	}
	h->scale = top / 255;
	h->forward = forward ? d.nonzeros : 0;
	for (int64_t t = 0; t < d.columns; t++) {
		if (df[t] * DENSE > d.rows)
			h->dense++;
		else
			h->postings += df[t];
	}
	size_t size = layout(&x, NULL);
	int f = open(file, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (f < 0 || ftruncate(f, size) != 0) DIE("cannot write %s", file);
	char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	if (base == MAP_FAILED) DIE("cannot map %s", file);
	layout(&x, base);
	*(Header *)base = *h;
	int32_t lists = 0, columns = 0;
	for (int64_t t = 0; t < d.columns; t++) x.kind[t] = df[t] * DENSE > d.rows ? -1 - columns++ : lists++;
	// Two passes in document order: the lengths of the pieces, then the postings.
	uint32_t *next = calloc((size_t)lists * h->windows + 1, 4);
	for (int64_t i = 0; i < d.rows; i++)
		for (int64_t j = d.at[i]; j < d.at[i + 1]; j++) {
			int32_t k = x.kind[d.terms[j]];
			if (k >= 0) next[k * h->windows + i / WINDOW]++;
		}
	uint32_t sum = 0;
	for (int64_t p = 0; p < lists * h->windows; p++) {
		x.start[p] = sum;
		sum += next[p];
		next[p] = x.start[p];
	}
	x.start[lists * h->windows] = sum;
	for (int64_t i = 0; i < d.rows; i++)
		for (int64_t j = d.at[i]; j < d.at[i + 1]; j++) {
			int32_t t = d.terms[j], k = x.kind[t];
			int w = lrintf(d.weights[j] / (float)h->scale);
			w = w < 1 ? 1 : w > 255 ? 255 : w;
			if (w > x.max[t]) x.max[t] = w;
			if (k < 0) {
				x.column[(-1 - k) * h->windows * WINDOW + i] = w;
				continue;
			}
			uint32_t p = next[k * h->windows + i / WINDOW]++;
			x.place[p] = i % WINDOW;
			x.weight[p] = w;
		}
	if (forward) {
		memcpy(x.fat, d.at, 8 * (d.rows + 1));
		for (int64_t j = 0; j < d.nonzeros; j++) {
			x.fterm[j] = d.terms[j];
			x.fweight[j] = _cvtss_sh(d.weights[j], 0);
		}
	}
	cpu = clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = clock_of(CLOCK_MONOTONIC) - wall;
	munmap(base, size);
	close(f);
	printf("{\"documents\":%ld,\"cpu_s\":%.3f,\"process_cpu_s\":%.3f,\"wall_s\":%.3f,\"index_bytes\":%zu}\n", (long)d.rows, cpu, cpu, wall, size);
}

static Index load(const char *file) {
	struct stat s;
	int f = open(file, O_RDONLY);
	if (f < 0 || fstat(f, &s) != 0) DIE("cannot open %s: build first", file);
	char *base = mmap(NULL, s.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) DIE("no memory");
	for (ssize_t at = 0, n; at < s.st_size; at += n)
		if ((n = read(f, base + at, s.st_size - at)) <= 0) DIE("cannot read %s", file);
	close(f);
	Index x;
	x.h = *(Header *)base;
	if (layout(&x, base) != (size_t)s.st_size) DIE("%s is damaged", file);
	return x;
}

typedef struct {
	float score;
	uint32_t doc;
} Hit;

// A heap whose root is the worst hit: the lower score, of equal scores the later document.
static int worse(Hit a, Hit b) { return a.score < b.score || (a.score == b.score && a.doc > b.doc); }

static void sift(Hit *heap, int n, int i) {
	Hit h = heap[i];
	for (int c; (c = 2 * i + 1) < n; i = c) {
		if (c + 1 < n && worse(heap[c + 1], heap[c])) c++;
		if (!worse(heap[c], h)) break;
		heap[i] = heap[c];
	}
	heap[i] = h;
}

static int push(Hit *heap, int n, int k, Hit h) {
	if (n < k) {
		int i = n;
		for (; i > 0 && worse(h, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
		heap[i] = h;
		return n + 1;
	}
	if (worse(heap[0], h)) {
		heap[0] = h;
		sift(heap, n, 0);
	}
	return n;
}

static int by_score(const void *a, const void *b) {
	const Hit *x = a, *y = b;
	return worse(*x, *y) ? 1 : worse(*y, *x) ? -1 : 0;
}

static uint16_t acc[WINDOW + 64] __attribute__((aligned(64)));

static void add_columns(const uint8_t **column, const uint16_t *q, int n) {
	for (int i = 0; i < WINDOW; i += 32) {
#ifdef __AVX512BW__
		__m512i a = _mm512_setzero_si512();
		for (int c = 0; c < n; c++) {
			__m512i w = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(column[c] + i)));
			a = _mm512_add_epi16(a, _mm512_mullo_epi16(w, _mm512_set1_epi16(q[c])));
		}
		_mm512_store_si512((void *)(acc + i), a);
#else
		__m256i a = _mm256_setzero_si256(), b = a;
		for (int c = 0; c < n; c++) {
			__m256i s = _mm256_set1_epi16(q[c]);
			a = _mm256_add_epi16(a, _mm256_mullo_epi16(s, _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(column[c] + i)))));
			b = _mm256_add_epi16(b, _mm256_mullo_epi16(s, _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(column[c] + i + 16)))));
		}
		_mm256_store_si256((void *)(acc + i), a);
		_mm256_store_si256((void *)(acc + i + 16), b);
#endif
	}
}

static void add_list(const uint16_t *place, const uint8_t *weight, uint32_t n, uint16_t q) {
	uint16_t product[32] __attribute__((aligned(64)));
	uint32_t i = 0;
	for (; i + 32 <= n; i += 32) {
		__builtin_prefetch(place + i + 256);
		__builtin_prefetch(weight + i + 512);
		for (int j = 0; j < 32; j++) product[j] = weight[i + j] * q; // the compiler makes this vectors
		for (int j = 0; j < 32; j++) acc[place[i + j]] += product[j];
	}
	for (; i < n; i++) acc[place[i]] += weight[i] * q;
}

static int collect(Hit *heap, int n, int k, uint32_t base, uint32_t docs) {
	uint16_t threshold = n == k ? (uint16_t)heap[0].score : 0;
	for (uint32_t i = 0; i < docs; i += 32) {
#ifdef __AVX512BW__
		uint32_t m = _mm512_cmpgt_epu16_mask(_mm512_load_si512((void *)(acc + i)), _mm512_set1_epi16(threshold));
#else
		__m256i t = _mm256_set1_epi16(threshold), z = _mm256_setzero_si256();
		__m256i a = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_load_si256((void *)(acc + i)), t), z);
		__m256i b = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_load_si256((void *)(acc + i + 16)), t), z);
		uint32_t m = ~_mm256_movemask_epi8(_mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8));
#endif
		for (; m; m &= m - 1) {
			uint32_t j = i + __builtin_ctz(m);
			if (j >= docs || acc[j] <= threshold) continue;
			n = push(heap, n, k, (Hit){acc[j], base + j});
			if (n == k) threshold = heap[0].score;
		}
	}
	return n;
}

static int rerank_n;
static float *dense_query;

static int search(const Index *x, const int32_t *terms, const float *weights, int n, int k, Hit *heap) {
	// The largest scale that keeps weights to 8 bits and scores to 16.
	float top = 0, bound = 0;
	for (int i = 0; i < n; i++) {
		if (terms[i] >= x->h.terms) continue;
		if (weights[i] > top) top = weights[i];
		bound += weights[i] * x->max[terms[i]];
	}
	if (top == 0 || bound == 0) return 0;
	float scale = 255 / top;
	for (;;) { // rounding may pass the limit: then a little less
		float sum = 0;
		if (bound * scale > 65000) scale = 65000 / bound;
		for (int i = 0; i < n; i++)
			if (terms[i] < x->h.terms) sum += rintf(weights[i] * scale) * x->max[terms[i]];
		if (sum <= 65535) break;
		scale *= .98f;
	}
	const uint8_t *column[512];
	uint16_t cq[512], lq[4096];
	int32_t list[4096];
	int columns = 0, lists = 0;
	for (int i = 0; i < n; i++) {
		if (terms[i] >= x->h.terms) continue;
		uint16_t q = rintf(weights[i] * scale);
		int32_t kind = x->kind[terms[i]];
		if (q == 0) continue;
		if (kind < 0 && columns < 512) {
			column[columns] = x->column + (-1 - kind) * x->h.windows * WINDOW;
			cq[columns++] = q;
		} else if (kind >= 0 && lists < 4096) {
			list[lists] = kind;
			lq[lists++] = q;
		}
	}
	int want = k + (x->h.forward ? rerank_n : 0), got = 0;
	for (int64_t w = 0; w < x->h.windows; w++) {
		add_columns(column, cq, columns);
		for (int c = 0; c < columns; c++) column[c] += WINDOW;
		for (int l = 0; l < lists; l++) {
			const uint32_t *s = x->start + list[l] * x->h.windows + w;
			add_list(x->place + s[0], x->weight + s[0], s[1] - s[0], lq[l]);
		}
		int64_t docs = x->h.docs - w * WINDOW;
		got = collect(heap, got, want, w * WINDOW, docs < WINDOW ? docs : WINDOW);
	}
	if (rerank_n > 0 && x->h.forward) {
		for (int i = 0; i < n; i++)
			if (terms[i] < x->h.terms) dense_query[terms[i]] = weights[i];
		for (int i = 0; i < got; i++) {
			float sum = 0;
			for (int64_t j = x->fat[heap[i].doc]; j < x->fat[heap[i].doc + 1]; j++)
				sum += dense_query[x->fterm[j]] * _cvtsh_ss(x->fweight[j]);
			heap[i].score = sum;
		}
		for (int i = 0; i < n; i++)
			if (terms[i] < x->h.terms) dense_query[terms[i]] = 0;
	} else {
		for (int i = 0; i < got; i++) heap[i].score *= (float)x->h.scale / scale;
	}
	qsort(heap, got, sizeof *heap, by_score);
	return got < k ? got : k;
}

int main(int argc, char **argv) {
	if (argc < 3) DIE("usage: exhaustive DATA INDEX [forward=1]");
	int forward = 0;
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "forward=1") == 0) forward = 1;
	Csr q = csr(argv[1], "queries.csr");
	static Hit heap[2 * MAXK];
	Index x = {0};
	char line[1024];
	int64_t *wall = malloc(8 * q.rows), *cpu = malloc(8 * q.rows);
	while (fgets(line, sizeof line, stdin)) {
		int k = 0;
		if (strncmp(line, "build", 5) == 0) {
			build(argv[1], argv[2], forward);
		} else if (strncmp(line, "load", 4) == 0) {
			x = load(argv[2]);
			dense_query = calloc(x.h.terms, sizeof *dense_query);
			printf("{}\n");
		} else if (strncmp(line, "set", 3) == 0) {
			char *p = strstr(line, "rerank=");
			rerank_n = p ? atoi(p + 7) : 0;
			if (rerank_n < 0 || rerank_n > MAXK) DIE("rerank is at most %d", MAXK);
			printf("{}\n");
		} else if (sscanf(line, "pass %d", &k) == 1 && k > 0 && k <= MAXK) {
			for (int64_t i = 0; i < q.rows; i++) {
				wall[i] = nanos(CLOCK_MONOTONIC);
				cpu[i] = nanos(CLOCK_THREAD_CPUTIME_ID);
				search(&x, q.terms + q.at[i], q.weights + q.at[i], q.at[i + 1] - q.at[i], k, heap);
				cpu[i] = nanos(CLOCK_THREAD_CPUTIME_ID) - cpu[i];
				wall[i] = nanos(CLOCK_MONOTONIC) - wall[i];
			}
			printf("{\"wall\":[");
			for (int64_t i = 0; i < q.rows; i++) printf(i ? ",%ld" : "%ld", (long)wall[i]);
			printf("],\"cpu\":[");
			for (int64_t i = 0; i < q.rows; i++) printf(i ? ",%ld" : "%ld", (long)cpu[i]);
			printf("]}\n");
		} else if (sscanf(line, "top %d", &k) == 1 && k > 0 && k <= MAXK) {
			printf("[");
			for (int64_t i = 0; i < q.rows; i++) {
				int n = search(&x, q.terms + q.at[i], q.weights + q.at[i], q.at[i + 1] - q.at[i], k, heap);
				printf(i ? ",[" : "[");
				for (int j = 0; j < n; j++) printf(j ? ",[%u,%.7g]" : "[%u,%.7g]", heap[j].doc, heap[j].score);
				printf("]");
			}
			printf("]\n");
		} else {
			DIE("unknown command: %s", line);
		}
		fflush(stdout);
	}
	return 0;
}
