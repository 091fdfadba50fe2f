package tamis.bench;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;

/** Writes the TREC run of a retrieval set. */
final class Eval {
  static void run(Map<String, String> flags) throws Exception {
    float k1 = Float.parseFloat(flags.getOrDefault("k1", "0.9"));
    float b = Float.parseFloat(flags.getOrDefault("b", "0.4"));
    boolean multi = flags.getOrDefault("fields", "flat").equals("multi");
    List<Corpus> docs = Corpus.read(flags.get("corpus"));
    try (Directory dir = new ByteBuffersDirectory();
        Analyzer analyzer = new EnglishAnalyzer()) {
      try (IndexWriter w = new IndexWriter(dir, config(analyzer, new BM25Similarity(k1, b)))) {
        for (Corpus d : docs) {
          Document doc = new Document();
          if (multi) {
            doc.add(new Field("title", d.title(), postings()));
            doc.add(new Field("text", d.text(), postings()));
          } else {
            doc.add(new Field("text", d.flat(), postings()));
          }
          w.addDocument(doc);
        }
        w.forceMerge(1);
      }
      String[] fields = multi ? new String[] {"title", "text"} : new String[] {"text"};
      try (DirectoryReader reader = DirectoryReader.open(dir);
          PrintWriter out = new PrintWriter(flags.get("run"), "UTF-8")) {
        IndexSearcher searcher = new IndexSearcher(reader);
        searcher.setSimilarity(new BM25Similarity(k1, b));
        for (Corpus q : Corpus.read(flags.get("queries"))) {
          int rank = 0;
          Query query = query(Main.tokens(analyzer, q.text()), fields);
          for (ScoreDoc hit : searcher.search(query, 1000).scoreDocs) {
            rank++;
            out.printf("%s Q0 %s %d %s lucene%n", q.id(), docs.get(hit.doc).id(), rank, hit.score);
          }
        }
      }
    }
  }

  /** One thread, no compound file; merges keep the order in which documents came. */
  static IndexWriterConfig config(Analyzer analyzer, BM25Similarity similarity) {
    return new IndexWriterConfig(analyzer)
        .setSimilarity(similarity)
        .setRAMBufferSizeMB(1900)
        .setUseCompoundFile(false)
        .setMergePolicy(new LogDocMergePolicy())
        .setMergeScheduler(new SerialMergeScheduler());
  }

  /** Documents and frequencies with norms: no positions, no stored value. */
  static FieldType postings() {
    FieldType t = new FieldType();
    t.setTokenized(true);
    t.setStored(false);
    t.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    t.freeze();
    return t;
  }

  /** The disjunction of the terms over the fields; a term that comes n times weighs n. */
  static Query query(List<String> terms, String... fields) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (String t : terms) {
      counts.merge(t, 1, Integer::sum);
    }
    List<Query> clauses = new ArrayList<>();
    counts.forEach(
        (t, n) -> {
          for (String f : fields) {
            Query q = new TermQuery(new Term(f, t));
            clauses.add(n == 1 ? q : new BoostQuery(q, n));
          }
        });
    BooleanQuery.Builder builder = new BooleanQuery.Builder();
    for (Query q : clauses) {
      builder.add(q, BooleanClause.Occur.SHOULD);
    }
    return builder.build();
  }

  private Eval() {}
}
