// Package eval judges contexts against gold evidence: sets of documents and
// questions, what a context is worth, and whole runs of questions and budgets.
//
// Figures follow their definitions in EvidenceSet and Judge and can be recomputed
// from a run file by a program that shares no code with tamis.
//
// What judges does not know how tamis searches or packs: a ranking is a
// trec.SearchFunc, a context a ContextFunc, so that tamis, its baselines and any
// other program stand before the same judge. What asks tamis itself stands in
// system, suite and tune, below this package.
package eval
