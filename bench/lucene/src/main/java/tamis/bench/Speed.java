package tamis.bench;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;

/**
 * Answers the runner's commands, one JSON line for each line of standard input: "build", "pass K"
 * (wall and CPU nanoseconds of every query), "top K" (rows and scores of every query). See bench/README.md.
 */
final class Speed {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  static void run(Map<String, String> flags) throws Exception {
    int repeat = Integer.parseInt(flags.getOrDefault("repeat", "1"));
    BM25Similarity similarity =
        new BM25Similarity(
            Float.parseFloat(flags.getOrDefault("k1", "1.2")),
            Float.parseFloat(flags.getOrDefault("b", "0.75")));
    Gson gson = new Gson();
    List<String> texts = new ArrayList<>();
    for (Corpus c : Corpus.read(flags.get("docs"))) {
      texts.add(c.title().isEmpty() ? c.text() : c.flat());
    }
    List<List<String>> queries = new ArrayList<>();
    Path path = Files.createTempDirectory("lucene-peer");
    PrintWriter out = Main.out();
    try (Directory dir = new MMapDirectory(path);
        Analyzer analyzer = new EnglishAnalyzer()) {
      for (Corpus c : Corpus.read(flags.get("queries"))) {
        queries.add(Main.tokens(analyzer, c.text()));
      }
      DirectoryReader reader = null;
      IndexSearcher searcher = null;
      BufferedReader in = Main.in();
      for (String line; (line = in.readLine()) != null; ) {
        String[] words = line.split(" ");
        switch (words[0]) {
          case "build" -> {
            out.println(gson.toJson(build(dir, path, analyzer, similarity, texts, repeat)));
            texts = null;
            reader = DirectoryReader.open(dir);
            searcher = new IndexSearcher(reader);
            searcher.setSimilarity(similarity);
            searcher.setQueryCache(null);
          }
          case "pass" -> {
            int k = Integer.parseInt(words[1]);
            long[] wall = new long[queries.size()];
            long[] cpu = new long[queries.size()];
            for (int i = 0; i < wall.length; i++) {
              long start = System.nanoTime();
              long used = THREADS.getCurrentThreadCpuTime();
              search(searcher, queries.get(i), k);
              cpu[i] = THREADS.getCurrentThreadCpuTime() - used;
              wall[i] = System.nanoTime() - start;
            }
            out.println(gson.toJson(Map.of("wall", wall, "cpu", cpu)));
          }
          case "top" -> {
            int k = Integer.parseInt(words[1]);
            List<List<Number[]>> all = new ArrayList<>();
            for (List<String> q : queries) {
              List<Number[]> hits = new ArrayList<>();
              for (ScoreDoc h : search(searcher, q, k).scoreDocs) {
                hits.add(new Number[] {h.doc, h.score});
              }
              all.add(hits);
            }
            out.println(gson.toJson(all));
          }
          default -> out.println("{\"error\":\"unknown command\"}");
        }
        out.flush();
      }
      if (reader != null) {
        reader.close();
      }
    } finally {
      try (Stream<Path> files = Files.walk(path)) {
        for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }

  /**
   * The threshold of hits that are counted is k, the smallest that Lucene takes: it may skip as early
   * as an engine that counts nothing.
   */
  private static TopDocs search(IndexSearcher searcher, List<String> terms, int k)
      throws Exception {
    return searcher.search(Eval.query(terms, "text"), new TopScoreDocCollectorManager(k, null, k));
  }

  private static Map<String, Object> build(
      Directory dir,
      Path path,
      Analyzer analyzer,
      BM25Similarity similarity,
      List<String> texts,
      int repeat)
      throws Exception {
    var process =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    System.gc();
    long wall = System.nanoTime();
    long cpu = THREADS.getCurrentThreadCpuTime();
    long all = process.getProcessCpuTime();
    try (IndexWriter w = new IndexWriter(dir, Eval.config(analyzer, similarity))) {
      Document doc = new Document();
      Field field = new Field("text", "", Eval.postings());
      doc.add(field);
      for (int r = 0; r < repeat; r++) {
        for (String text : texts) {
          field.setStringValue(text);
          w.addDocument(doc);
        }
      }
      w.forceMerge(1);
    }
    cpu = THREADS.getCurrentThreadCpuTime() - cpu;
    all = process.getProcessCpuTime() - all;
    wall = System.nanoTime() - wall;
    Map<String, Long> parts = new LinkedHashMap<>();
    long bytes = 0;
    try (Stream<Path> files = Files.list(path)) {
      for (Path p : files.sorted().toList()) {
        String name = p.getFileName().toString();
        if (name.equals("write.lock")) {
          continue;
        }
        int dot = name.lastIndexOf('.');
        parts.merge(dot < 0 ? "segments" : name.substring(dot + 1), Files.size(p), Long::sum);
        bytes += Files.size(p);
      }
    }
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("documents", (long) texts.size() * repeat);
    report.put("cpu_s", cpu / 1e9);
    report.put("process_cpu_s", all / 1e9);
    report.put("wall_s", wall / 1e9);
    report.put("index_bytes", bytes);
    report.put("parts", parts);
    return report;
  }

  private Speed() {}
}
