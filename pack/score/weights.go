package score

import "fmt"

// Feature is one ingredient of a unit's score, a number between 0 and about 1.
// One that is a BM25 score is divided by the best one of its kind among the
// candidates. A window is the sentence and whole sentences on both sides of it,
// with the document's title and the headings above it.
type Feature int

// The features. A scorer of (question, unit) pairs, a model say, is one more of
// them.
const (
	Sentence Feature = iota // BM25 of the sentence alone
	Cover                   // share of the question's idf in sentence, title and headings together
	Near                    // BM25 of the window of about 200 tokens
	Section                 // BM25 of the window of about 400 tokens
	Block                   // the best Section around: what lies between two good sentences is good
	Chapter                 // BM25 of the window of about 1,600 tokens
	Broad                   // Chapter, for questions that ask for a discussion or a summary; see spread
	DocScore                // the document's search score
	Title                   // share of the question's idf in the title
	Asked                   // 1 when the question names the title as a whole
	Bridge                  // the document's title is named in one of the best sentences
	Lead                    // as Bridge, for its first sentences: the whole, half, a third
	Names                   // names of the best sentences that are new to the question
	Length                  // minus a tenth of ln(1 + estimated tokens)
	Draft                   // overlap with the draft answer that it overlaps most
	Look                    // the passage's score at second look: see gather.Passage
	Role                    // 1 less what the document's role costs
	Meaning                 // how near the passage is to the question in meaning: see gather.Passage
	Judged                  // how well the passage answers, as a model says that has read it: see gather.Passage
	Kept                    // how probable it is that the unit is worth keeping, as such a model says
	Defines                 // 1 when it says what the thing is that the question asks for
	NumFeatures
)

var featureNames = [NumFeatures]string{"sentence", "cover", "near", "section", "block", "chapter", "broad", "document", "title", "asked",
	"bridge", "lead", "names", "length", "draft", "look", "role", "meaning", "judged", "kept", "defines"}

func (f Feature) String() string {
	if f < 0 || f >= NumFeatures {
		return fmt.Sprintf("Feature(%d)", int(f))
	}
	return featureNames[f]
}

// Features are those of one unit.
type Features [NumFeatures]float64

// Weights are the factors of the features in the score; none is negative.
type Weights [NumFeatures]float64

// Score is the weighted sum, added up in the order of the features.
func (w *Weights) Score(x *Features) float64 {
	s := 0.0
	for f := range x {
		s += float64(w[f] * x[f])
	}
	return s
}

// DefaultWeights are what tamis eval context --tune found on the eight evidence
// sets before spread and the second look were there, starting from .5 for each:
// few have moved. Look and Role came with the second look, at the weight at which
// a trial on real documentation kept most; Chapter went from .5 to .25 with them,
// since a passage's second look says what it said; Broad from .5 to 1, so that
// the questions which want a discussion keep it. Draft stands where it started,
// since no set has drafts; Judged and Kept have the weight of Meaning, since no weights of
// such models were at hand. Defines was chosen on the Debian handbook's own definitions. What weights tuned so reach on sets that they have not
// seen is in docs/benchmarks.md. Which features there are was decided by people
// who had seen all eight.
func DefaultWeights() Weights {
	return Weights{
		Sentence: .25, Cover: .5, Near: .5, Section: .5, Block: .5, Chapter: .25, Broad: 1,
		DocScore: .125, Title: .5, Asked: .75, Bridge: .5, Lead: .75, Names: .5, Length: .5, Draft: .5, Look: 1, Role: 1, Meaning: .75, Judged: .75, Kept: .75, Defines: 1.5,
	}
}

// Unit is a unit that was scored, as a trace shows it.
type Unit struct {
	Doc        string
	Start, End int  // bytes of the stored source
	Tokens     int  // of its text alone
	Follows    bool // it adjoins the unit before it
	Fragment   bool // it says nothing alone
	Features   Features
	Score      float64
}
