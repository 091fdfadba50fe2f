#!/usr/bin/env python3
"""What the confidence of contexts is worth: how many of those that say so answer, and what a bound refuses.

    bench/real/confidence.py SET CONTEXTS    SET as for evalreal.py, CONTEXTS from go run ./real -foreign

A question asked of another corpus than its own weighs so much that all of them are a quarter.
TAMIS_TOOLS names the folder with evalreal/evalreal.py, whose rules judge; by default it stands beside SET's data.
"""
import json, os, re, sys

folder, contexts = sys.argv[1:]
sys.path.insert(0, os.path.join(os.environ.get('TAMIS_TOOLS') or os.path.join(folder, '..', '..', 'tools'), 'evalreal'))
import evalreal

questions = {q['id']: q for q in map(json.loads, open(os.path.join(folder, 'questions.jsonl')))}
answers = {i: [re.compile(x, re.I) for x in q['answer']] for i, q in questions.items()}
rows = []
for line in open(contexts):
    c = json.loads(line)
    text = evalreal.norm(evalreal.LABEL.sub('', c['text']))
    rows.append((c['confidence'], all(a.search(text) for a in answers[c['id']]), questions[c['id']]['corpus'] == c['asked']))
own = sum(o for _, _, o in rows)
weigh = lambda o: 1 if o else own / 3 / (len(rows) - own)
mean = lambda rs, f: sum(f(r) * weigh(r[2]) for r in rs) / max(1e-9, sum(weigh(r[2]) for r in rs))

print('| said | contexts | answered |')
print('|---' * 3 + '|')
off = 0
for k in range(5):
    part = [r for r in rows if k / 5 <= r[0] < (k + 1) / 5 or k == 4 and r[0] == 1]
    if part:
        said, true = mean(part, lambda r: r[0]), mean(part, lambda r: r[1])
        off += abs(said - true) * sum(weigh(r[2]) for r in part) / sum(weigh(r[2]) for r in rows)
        print(f'| {k / 5:.1f} to {(k + 1) / 5:.1f} | {len(part)} | {100 * true:.0f} % |')
print(f'off by {off:.3f} in the mean')
for bound in .15, .2, .25, .3, .4:
    low = lambda rs: 100 * sum(r[0] < bound for r in rs) / max(1, len(rs))
    print(f'below {bound}: {low([r for r in rows if r[2] and r[1]]):.1f} % of what was answered, {low([r for r in rows if r[2] and not r[1]]):.1f} % of what was not, '
          f'{low([r for r in rows if not r[2]]):.1f} % of the questions of others')
