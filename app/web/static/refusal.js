// Refusals of this device and of the server, told apart from a lost connection.

export class Refused extends Error {
  constructor(code, sentence = "") {
    super(code);
    this.code = code;
    this.sentence = sentence; // the server's words for it, when it was the server
  }
}

export function must(condition, code) {
  if (!condition) throw new Refused(code);
}
