"""A scripted agent answers questions on real documentation over MCP, through context and open.

    python3 agent.py SET TAMIS INDEXES OUT [--questions 60] [--most 3000]

SET holds questions.jsonl and boilerplate.json; INDEXES has an index for each corpus. For each
question the agent asks context once and opens the first sources that it names, as long as
all tool output together stays within --most tokens of o200k_base (PyPI tiktoken counts them
where it is there, else the last line of each reply). OUT becomes a folder: the questions,
and what the agent read, as ../shared/tools/evalreal/evalreal.py judges it:

    python3 evalreal.py OUT agent=OUT/run.jsonl --budgets 3000

Nothing here looks at the answers. Python's standard library suffices.
"""
import argparse
import json
import os
import re
import shutil
import subprocess

CONTEXT, OPEN = 1600, 700


class Server:
    """One `tamis mcp`, spoken with in lines of JSON."""

    def __init__(self, program, index):
        self.process = subprocess.Popen([program, "mcp", "--index", index, "--read-only"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.last = 0
        self.request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}})
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def request(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            answer = json.loads(self.process.stdout.readline())
            if answer.get("id") == self.last:
                return answer["result"]

    def call(self, tool, **arguments):
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        return result["content"][0]["text"], result.get("isError", False)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def counter():
    try:
        import tiktoken
        return tiktoken.get_encoding("o200k_base").encode_ordinary
    except Exception:  # no package, or no table
        return None


def answer(server, question, most, encode):
    """All that the tools say on a question, and how many tokens that is."""
    texts, used = [], 0

    def take(text):
        nonlocal used
        window = re.search(r"\[window: (\d+) tokens (used|left)", text.rsplit("\n", 1)[-1])
        used = sum(len(encode(t)) for t in texts + [text]) if encode else int(window[1]) if window[2] == "used" else used + 50
        texts.append(text)

    take(server.call("context", question=question, budget=CONTEXT)[0])
    for label in re.findall(r"^\[#*(\d+)\] = ", texts[0], re.M):
        if most - used < 150:
            break
        take(server.call("open", label=label, budget=min(OPEN, most - used))[0])
    server.call("session", do="fold")
    return "\n".join(texts), used


def main():
    p = argparse.ArgumentParser()
    for name in ("set", "tamis", "indexes", "out"):
        p.add_argument(name)
    p.add_argument("--questions", type=int, default=60)
    p.add_argument("--most", type=int, default=3000)
    a = p.parse_args()
    with open(os.path.join(a.set, "questions.jsonl"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    step = len(lines) / a.questions
    lines = [lines[int(i * step)] for i in range(a.questions)]
    os.makedirs(a.out, exist_ok=True)
    shutil.copy(os.path.join(a.set, "boilerplate.json"), a.out)
    encode, servers, over, total = counter(), {}, 0, 0
    with open(os.path.join(a.out, "questions.jsonl"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    with open(os.path.join(a.out, "run.jsonl"), "w", encoding="utf-8") as run:
        for line in lines:
            q = json.loads(line)
            if q["corpus"] not in servers:
                servers[q["corpus"]] = Server(a.tamis, os.path.join(a.indexes, q["corpus"]))
            text, used = answer(servers[q["corpus"]], q["question"], a.most, encode)
            over += used > a.most
            total += used
            run.write(json.dumps({"id": q["id"], "budget": a.most, "text": text}) + "\n")
    for server in servers.values():
        server.close()
    print(f"{len(lines)} questions, {total / len(lines):.0f} tokens of tool output each ({'tiktoken' if encode else 'by the window'}), {over} over {a.most}")
    raise SystemExit(over > 0)


main()
