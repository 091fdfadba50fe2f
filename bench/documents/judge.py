#!/usr/bin/env python3
"""Which questions a context answers: every expression of the answer must be found in
what comes from the file that was asked about (or one with the same content, "also").

    judge.py QUESTIONS NAME=CONTEXTS... [--misses NAME] [--json OUT]

Prints the answered share per group, format and budget, and of the first system beside
each other the questions that only one of them answers. Standard library only.
"""
import argparse
import collections
import json
import re


def load(path):
    with open(path, encoding="utf-8", errors="surrogatepass") as f:
        return [json.loads(line) for line in f if line.strip()]


def answered(question, context):
    files = [question["file"]] + question.get("also", [])
    text = "\n".join(t for name, t in context["pieces"] if any(name.split(".")[0] == f for f in files))
    return all(re.search(a, text, re.IGNORECASE) for a in question["answer"])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("questions")
    ap.add_argument("systems", nargs="+")
    ap.add_argument("--misses", help="list what this system does not answer")
    ap.add_argument("--json")
    a = ap.parse_args()
    questions = load(a.questions)
    got = {}
    for s in a.systems:
        name, path = s.split("=", 1)
        for c in load(path):
            got[name, c["budget"], c["id"]] = c
    names = [s.split("=", 1)[0] for s in a.systems]
    budgets = sorted({b for _, b, _ in got})
    right = {(n, b, q["id"]): (n, b, q["id"]) in got and answered(q, got[n, b, q["id"]]) for n in names for b in budgets for q in questions}
    groups = collections.defaultdict(list)
    for q in questions:
        groups["all"].append(q)
        groups[q["group"]].append(q)
        groups["  " + q["format"]].append(q)
    heads = ["%s@%d" % (n, b) for b in budgets for n in names]
    print("%-10s %4s  %s" % ("", "n", "  ".join(heads)))
    figures = {}
    for g in ["all", "pdf", "office", "rest"] + sorted(k for k in groups if k.startswith(" ")):
        shares = [sum(right[n, b, q["id"]] for q in groups[g]) / len(groups[g]) for b in budgets for n in names]
        figures[g.strip() if g[0] != " " else "format " + g.strip()] = dict(zip(heads, [round(s, 4) for s in shares]))
        print("%-10s %4d  %s" % (g, len(groups[g]), "  ".join(("%.3f" % s).ljust(len(h)) for s, h in zip(shares, heads))))
    for other in names[1:]:
        for b in budgets:
            won = [q["id"] for q in questions if right[names[0], b, q["id"]] and not right[other, b, q["id"]]]
            lost = [q["id"] for q in questions if right[other, b, q["id"]] and not right[names[0], b, q["id"]]]
            print("%s against %s at %d tokens: won %d, lost %d%s" % (names[0], other, b, len(won), len(lost), " (%s)" % " ".join(lost) if lost else ""))
    if a.misses:
        for q in questions:
            at = [str(b) for b in budgets if not right[a.misses, b, q["id"]]]
            if at:
                print("missed at %-13s %s  %-45s %s" % (",".join(at), q["id"], q["file"], q["question"]))
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(figures, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
