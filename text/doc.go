// Package text turns text into terms: it finds words, folds and stems them, and
// drops words without content. One Analyzer serves documents and questions, so
// that both sides meet on the same terms.
//
// # Words
//
// Words are those of Unicode's word-break rules (UAX #29): letters and digits
// with the apostrophes, dots and underscores that join them ("don't", "3.14",
// "user_id"). ASCII is scanned by a table; everything else goes through
// clipperhouse/uax29, and a test holds the two against each other. Words longer
// than 255 UTF-16 units are cut there, as Lucene does.
//
// Scripts written without spaces (Chinese, Japanese, Thai, Khmer …) and Korean
// give overlapping bigrams of characters; a lone character gives itself. That
// holds for every analyzer but "lucene-english", which does as Lucene does:
// one term a Han or Hiragana character, whole runs of the others.
//
// # Analyzers
//
//   - "english", the default: compatibility and accent folding, lower case, possessive
//     's cut, stop words dropped, Snowball English stems. A letter or digit
//     inside a word is never cut: "p53", "il-2" and "covid19" keep theirs.
//   - "lucene-english": byte for byte Lucene 10's EnglishAnalyzer, for parity tests.
//   - "code": identifiers give their whole and their parts; plain words in
//     comments and names go through "english" (see code.go).
//   - "simple": folded and lower-cased words, no stems, no stop words.
//   - Snowball's other languages by their English names; see Names.
//
// # Memory
//
// An Analyzer remembers the terms of the words it has seen, so a known word
// costs one hash and one comparison and allocates nothing. The memory is
// bounded: at 1<<18 words, 1<<19 terms or 8 MiB of words it is dropped and starts
// anew; full, it takes some 25 to 35 MiB. Terms handed out stay valid for ever; they
// are pieces of blocks of 32 KiB, so whoever keeps few of them for long should
// clone them (strings.Clone).
package text
