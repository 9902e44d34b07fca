// Forms that use a passkey: the button asks the browser for one, and the response is sent with the form.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withBytes = (credentials) => (credentials ?? []).map((known) => ({ ...known, id: toBytes(known.id) }));

function readOptions(json) {
  const { publicKey } = JSON.parse(json);
  const read = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (publicKey.user) {
    read.user = { ...publicKey.user, id: toBytes(publicKey.user.id) };
    read.excludeCredentials = withBytes(publicKey.excludeCredentials);
  } else {
    read.allowCredentials = withBytes(publicKey.allowCredentials);
  }
  return { publicKey: read };
}

function asJson(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  const id = toText(credential.rawId);
  return JSON.stringify({ id, rawId: id, type: credential.type, response });
}

async function answer(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const failure = form.querySelector(".failure");
  failure.textContent = "";
  if (!window.PublicKeyCredential) {
    failure.textContent = form.dataset.impossible;
    return;
  }
  try {
    const credential = await navigator.credentials[form.dataset.passkey](readOptions(form.dataset.options));
    form.elements.credential.value = asJson(credential);
  } catch {
    failure.textContent = form.dataset.failed;
    return;
  }
  form.submit();
}

// Without this listener, the button would send the form without a response, so it is disabled until now.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", answer);
  form.querySelector(".with-script").disabled = false;
  form.querySelector(".without-script").hidden = true;
}
