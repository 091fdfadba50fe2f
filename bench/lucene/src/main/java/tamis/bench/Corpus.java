package tamis.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** Records of JSON Lines files, gzipped or not: {"_id" or "id", "title", "text"}. */
record Corpus(String id, String title, String text) {

  static List<Corpus> read(String file) throws IOException {
    List<Corpus> records = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(open(file), StandardCharsets.UTF_8))) {
      for (String line; (line = in.readLine()) != null; ) {
        if (line.isBlank()) {
          continue;
        }
        JsonObject o = JsonParser.parseString(line).getAsJsonObject();
        String id = o.has("_id") ? text(o, "_id") : text(o, "id");
        records.add(new Corpus(id, text(o, "title"), text(o, "text")));
      }
    }
    return records;
  }

  /** The one field of the flat form. */
  String flat() {
    return title + " " + text;
  }

  private static String text(JsonObject o, String key) {
    return o.has(key) && !o.get(key).isJsonNull() ? o.get(key).getAsString() : "";
  }

  private static InputStream open(String file) throws IOException {
    InputStream in = new BufferedInputStream(Files.newInputStream(Path.of(file)), 1 << 16);
    return file.endsWith(".gz") ? new GZIPInputStream(in, 1 << 16) : in;
  }
}
