package tamis.bench;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.MMapDirectory;

/**
 * Bulk ingest with stored fields: id (a key: a document replaces the one with its id), title and
 * text; one thread, Lucene's own merge policy, one commit at the end. See bench/README.md.
 */
final class Ingest {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  static void run(Map<String, String> flags) throws Exception {
    int repeat = Integer.parseInt(flags.getOrDefault("repeat", "1"));
    boolean keyed = flags.getOrDefault("keyed", "true").equals("true");
    List<Corpus> docs = Corpus.read(flags.get("docs"));
    Path path = Files.createTempDirectory("lucene-ingest");
    PrintWriter out = Main.out();
    try (BufferedReader in = Main.in()) {
      while (in.readLine() != null) {
        out.println(new Gson().toJson(build(path, docs, repeat, keyed)));
        out.flush();
      }
    } finally {
      try (Stream<Path> files = Files.walk(path)) {
        for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }

  private static Map<String, Object> build(
      Path path, List<Corpus> docs, int repeat, boolean keyed) throws Exception {
    var process =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    FieldType stored = new FieldType(Eval.postings());
    stored.setStored(true);
    stored.freeze();
    System.gc();
    long wall = System.nanoTime();
    long cpu = THREADS.getCurrentThreadCpuTime();
    long all = process.getProcessCpuTime();
    try (Directory dir = new MMapDirectory(path);
        Analyzer analyzer = new EnglishAnalyzer();
        IndexWriter w =
            new IndexWriter(
                dir,
                new IndexWriterConfig(analyzer)
                    .setRAMBufferSizeMB(64)
                    .setMergeScheduler(new SerialMergeScheduler()))) {
      for (int r = 0; r < repeat; r++) {
        for (Corpus c : docs) {
          Document doc = new Document();
          String id = r + "/" + c.id();
          doc.add(new StringField("id", id, Field.Store.YES));
          doc.add(new Field("title", c.title(), stored));
          doc.add(new Field("text", c.text(), stored));
          if (keyed) {
            w.updateDocument(new Term("id", id), doc);
          } else {
            w.addDocument(doc);
          }
        }
      }
      w.commit();
    }
    cpu = THREADS.getCurrentThreadCpuTime() - cpu;
    all = process.getProcessCpuTime() - all;
    wall = System.nanoTime() - wall;
    long bytes = 0;
    try (Stream<Path> files = Files.list(path)) {
      for (Path p : files.toList()) {
        bytes += Files.size(p);
      }
    }
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("documents", (long) docs.size() * repeat);
    report.put("cpu_s", cpu / 1e9);
    report.put("process_cpu_s", all / 1e9);
    report.put("wall_s", wall / 1e9);
    report.put("index_bytes", bytes);
    return report;
  }

  private Ingest() {}
}
