// Questions to the head beside the stream: asked again and again while their page is shown, never two at a
// time, and not while the head is away.

export async function ask(path, signal) {
  const response = await fetch(`api/v1/${path}`, {signal, cache: 'no-store'});
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw new Error(answer?.error?.text ?? `the head answered ${response.status} to ${path}; read its log`);
}

export class Question {
  // take(answer) and refuse(sentence) are called as answers come; everyMs of null asks once in
  // each connection.
  constructor(live, path, everyMs, take, refuse = () => {}) {
    Object.assign(this, {live, path, everyMs, take, refuse});
    this._askedAt = -Infinity;
    this._abort = new AbortController();
    this._isAsking = false;
  }

  // Called often; asks when it is time. Whether it did.
  poll(everyMs = this.everyMs) {
    const isDue =
      everyMs === null
        ? this._askedIn !== this.live.connections
        : performance.now() - this._askedAt >= everyMs - 50;
    if (!isDue || !this._mayAsk()) return false;
    this.ask();
    return true;
  }

  _mayAsk() {
    return !this._isAsking && this.live.connection === 'live' && !this._abort.signal.aborted;
  }

  async ask() {
    if (!this._mayAsk()) return;
    this._isAsking = true;
    this._askedAt = performance.now();
    this._askedIn = this.live.connections;
    try {
      this.take(await ask(this.path, this._abort.signal));
    } catch (error) {
      if (!this._abort.signal.aborted && this.live.connection === 'live') this.refuse(error.message);
    } finally {
      this._isAsking = false;
    }
  }

  stop() {
    this._abort.abort();
  }
}
