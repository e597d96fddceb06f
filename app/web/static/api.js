// Calls to the API with the page's cookie; every change carries the page's token.

import { Refused } from "./refusal.js";

export const LOST = "network.lost";
const PAUSES = [500, 1000, 2000, 4000]; // milliseconds
const token = document.querySelector("meta[name=csrf]")?.content ?? "";

async function answer(method, path, body, accept = "application/json") {
  let reply;
  try {
    reply = await fetch(`/api/v1${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { accept, "content-type": "application/json", "x-csrf-token": token, "accept-language": document.documentElement.lang },
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new Refused(LOST);
  }
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({}));
  if (problem.code === undefined) throw new Refused(LOST); // some proxy's own page
  throw new Refused(problem.code, [problem.title, problem.remedy].filter(Boolean).join(" "));
}

export async function call(method, path, body) {
  const reply = await answer(method, path, body);
  try {
    return await reply.json();
  } catch {
    throw new Refused(LOST);
  }
}

// Several things in one answer (RFC 7578): JSON as what it says, all else as bytes.
export async function parts(path) {
  const reply = await answer("GET", path, undefined, "multipart/form-data");
  try {
    const found = {};
    for (const [name, part] of await reply.formData()) {
      found[name] = part.type === "application/json" ? JSON.parse(await part.text()) : new Uint8Array(await part.arrayBuffer());
    }
    return found;
  } catch {
    throw new Refused(LOST);
  }
}

// The same request again after a lost connection; only for requests that may be sent twice.
export async function retry(request) {
  for (const pause of PAUSES) {
    try {
      return await request();
    } catch (error) {
      if (error.code !== LOST) throw error;
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
  return request();
}
