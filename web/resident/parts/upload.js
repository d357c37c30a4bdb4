// Sending one photo or voice message: with its progress; a photo far larger than anybody needs to see is made smaller first.

import { API, Problem, askToComeIn, mend, problemFrom, unsafeHeaders } from "../../common/api.js";

const LARGE_BYTES = 2.5 * 1024 * 1024;
const LONG_SIDE = 2560;
const QUALITY = 0.86;
const PATIENCE_MS = 120000;

/**
 * The photo, or a smaller one of the same; what the phone cannot draw (HEIC, old browsers) goes as it is. What has no name
 * was made here, by a page that is gone: made once more it would be other bytes, and their key stands for the first ones.
 */
export async function lighter(file) {
  if (!file.name || file.type.startsWith("audio/") || file.size < LARGE_BYTES || !("createImageBitmap" in window)) return file;
  try {
    const drawing = await createImageBitmap(file);
    const scale = Math.min(1, LONG_SIDE / Math.max(drawing.width, drawing.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(drawing.width * scale);
    canvas.height = Math.round(drawing.height * scale);
    canvas.getContext("2d").drawImage(drawing, 0, 0, canvas.width, canvas.height);
    const small = await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return small && small.size < file.size ? small : file;
  } catch (error) {
    return file;
  }
}

/** Upload; `onPart` hears 0..1. Answers the kept medium, or throws a Problem. `key` makes a repeated one the same. */
export async function upload(file, key, onPart) {
  const form = new FormData();
  form.append("file", file, file.name || (file.type.startsWith("audio/") ? "voice.m4a" : "photo.jpg"));
  try {
    return await sendForm(form, key, onPart);
  } catch (problem) {
    if (!(await mend(problem))) {
      if (problem.status === 401) await askToComeIn();
      throw problem;
    }
  }
  return sendForm(form, key, onPart);
}

function sendForm(form, key, onPart) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/media`);
    request.timeout = PATIENCE_MS;
    for (const [name, value] of Object.entries(unsafeHeaders(key))) request.setRequestHeader(name, value);
    request.upload.onprogress = event => event.lengthComputable && onPart(event.loaded / event.total);
    request.onload = () => finish(request, resolve, reject);
    request.onerror = () => reject(new Problem(0));
    request.ontimeout = request.onerror;
    request.send(form);
  });
}

function finish(request, resolve, reject) {
  if (request.status >= 200 && request.status < 300) return resolve(JSON.parse(request.responseText));
  return reject(problemFrom(request.status, request.responseText, request.getResponseHeader("Retry-After")));
}
