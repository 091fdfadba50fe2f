#!/usr/bin/env python3
"""How many questions the first 1, 3, 5, 10, 20 and 40 passages answer, each by itself.

    bench/real/ladder.py SET PASSAGES    SET as for evalreal.py, PASSAGES from go run ./real -passages

TAMIS_TOOLS names the folder with evalreal/evalreal.py, whose rules judge; by default it stands beside SET's data.
"""
import collections, json, os, re, sys

folder, passages = sys.argv[1:]
sys.path.insert(0, os.path.join(os.environ.get('TAMIS_TOOLS') or os.path.join(folder, '..', '..', 'tools'), 'evalreal'))
import evalreal

questions = {q['id']: q for q in map(json.loads, open(os.path.join(folder, 'questions.jsonl')))}
answers = {i: [re.compile(x, re.I) for x in q['answer']] for i, q in questions.items()}
first, asked = {}, set()
for line in open(passages):
    p = json.loads(line)
    asked.add(p['id'])
    text = evalreal.norm(p['text'])
    if p['id'] not in first and all(a.search(text) for a in answers[p['id']]):
        first[p['id']] = p['rank']
rungs = [1, 3, 5, 10, 20, 40]
print('| corpus | questions |', ' | '.join(map(str, rungs)), '| MRR |')
print('|---' * (len(rungs) + 3) + '|')
by = collections.defaultdict(list)
for i in sorted(asked):
    by[questions[i]['corpus']].append(i)
for name, ids in [*sorted(by.items()), ('all', sorted(asked))]:
    ranks = [first[i] for i in ids if i in first]
    print(f'| {name} | {len(ids)} |', ' | '.join(str(sum(r <= n for r in ranks)) for n in rungs), f'| {sum(1 / r for r in ranks) / len(ids):.3f} |')
