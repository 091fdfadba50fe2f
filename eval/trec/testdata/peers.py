"""Figures of ir-measures and ranx over TREC files: QRELS RUN..., as a list in JSON of {peer: {measure: {query: value}}}, one a run."""
import json, sys
import ir_measures
from ir_measures import nDCG, R, RR, AP, P, Rprec, Bpref, Success
from ranx import Qrels, Run, evaluate

qrels, *runs = sys.argv[1:]
names = {'ndcg@10': nDCG @ 10, 'ndcg@100': nDCG @ 100, 'ndcg': nDCG, 'recall@10': R @ 10, 'recall@100': R @ 100, 'recall@1000': R @ 1000, 'mrr@10': RR @ 10,
         'mrr': RR, 'map': AP, 'p@5': P @ 5, 'p@10': P @ 10, 'rprec': Rprec, 'bpref': Bpref, 'success@1': Success @ 1, 'success@10': Success @ 10}
by = {m: n for n, m in names.items()}
theirs = {'ndcg@10': 'ndcg@10', 'ndcg@100': 'ndcg@100', 'recall@10': 'recall@10', 'recall@100': 'recall@100', 'mrr': 'mrr', 'map': 'map', 'p@5': 'precision@5',
          'p@10': 'precision@10', 'rprec': 'r-precision', 'success@1': 'hit_rate@1', 'success@10': 'hit_rate@10'}


def figures(run):
    out = {'ir-measures': {n: {} for n in names}, 'ranx': {}}
    for m in ir_measures.iter_calc(list(names.values()), list(ir_measures.read_trec_qrels(qrels)), list(ir_measures.read_trec_run(run))):
        out['ir-measures'][by[m.measure]][m.query_id] = m.value
    q, r = Qrels.from_file(qrels, kind='trec'), Run.from_file(run, kind='trec')
    r.make_comparable(q)
    for name, measure in theirs.items():
        evaluate(q, r, measure, save_results_in_run=True)
        out['ranx'][name] = {k: float(v) for k, v in r.scores[measure].items()}
    return out


json.dump([figures(r) for r in runs], sys.stdout)
