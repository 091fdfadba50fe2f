// Package eval measures: rankings against TREC judgments, contexts against gold
// evidence, both beside baselines.
//
// Ranking figures follow trec_eval 10 (NIST) to the fourth decimal; its own test
// files are the proof. Context figures follow their definitions in this
// package's EvidenceSet and Judge and can be recomputed from a run file by a
// program that shares no code with tamis.
//
// What judges does not know how tamis searches or packs: a ranking is a
// SearchFunc, a context a ContextFunc, so that tamis, its baselines and any other
// program stand before the same judge. What asks, tunes and ablates tamis itself
// (Contexts, Suite, Tune, Ablate) does.
package eval
