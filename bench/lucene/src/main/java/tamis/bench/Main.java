package tamis.bench;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/**
 * The Lucene peer.
 *
 * <pre>
 * analyze                                       JSON strings on standard input, one a line; a JSON array
 *                                               of EnglishAnalyzer's tokens for each
 * eval  --corpus F --queries F --run OUT        index in memory, write a TREC run of the top 1000
 *       [--k1 .9] [--b .4] [--fields flat|multi]
 * speed --docs F --queries F [--repeat N]       answers the commands of Speed on standard input
 *       [--k1 1.2] [--b .75]
 * ingest --docs F [--repeat N]                  answers "build" on standard input: an index with stored fields
 * </pre>
 */
public final class Main {
  public static void main(String[] args) throws Exception {
    String mode = args.length == 0 ? "" : args[0];
    Map<String, String> flags = new HashMap<>();
    for (int i = 1; i + 1 < args.length; i += 2) {
      flags.put(args[i].substring(2), args[i + 1]);
    }
    switch (mode) {
      case "analyze" -> analyze();
      case "eval" -> Eval.run(flags);
      case "speed" -> Speed.run(flags);
      case "ingest" -> Ingest.run(flags);
      default -> {
        System.err.println("usage: analyze | eval | speed | ingest; see bench/README.md");
        System.exit(2);
      }
    }
  }

  static BufferedReader in() {
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  }

  static PrintWriter out() {
    return new PrintWriter(
        new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
  }

  /** The tokens of s in text order. */
  static List<String> tokens(Analyzer analyzer, String s) throws IOException {
    List<String> tokens = new ArrayList<>();
    try (TokenStream stream = analyzer.tokenStream("f", s)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        tokens.add(term.toString());
      }
      stream.end();
    }
    return tokens;
  }

  private static void analyze() throws IOException {
    Gson gson = new Gson();
    try (Analyzer analyzer = new EnglishAnalyzer();
        PrintWriter out = out()) {
      BufferedReader in = in();
      for (String line; (line = in.readLine()) != null; ) {
        out.println(gson.toJson(tokens(analyzer, gson.fromJson(line, String.class))));
      }
    }
  }

  private Main() {}
}
