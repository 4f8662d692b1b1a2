"use strict";

// The server: what it knows, and what it does. Addresses are relative, the secret is in the page's.

/** What was asked is not possible; the message says why. */
class Problem extends Error {}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(`api/${path}`, options);
  } catch {
    throw new Problem("The server does not answer. What you decided is kept: start the command again.");
  }
  if (!answer.headers.get("Content-Type")?.startsWith("application/json"))
    throw new Problem(`${answer.status}: ${await answer.text()}`);
  const said = await answer.json();
  if (said.problem) throw new Problem(said.problem);
  return said;
}

/** Papers as they were read last; the one that comes next is read ahead. */
class PaperCache {
  #papers = new Map();

  get(number) {
    if (!this.#papers.has(number)) {
      if (this.#papers.size > 50) this.#papers.clear();
      const asked = ask(`papers/${number}`);
      asked.catch(() => this.#papers.delete(number));
      this.#papers.set(number, asked);
    }
    return this.#papers.get(number);
  }

  keep(paper) {
    this.#papers.set(paper.paper, Promise.resolve(paper));
    return paper;
  }

  clear() {
    this.#papers.clear();
  }
}
