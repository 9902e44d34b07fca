// The page has no token: its cookie is HttpOnly, and every question goes through the BFF on this origin.

const PROBLEMS = {
  lost: "That sign-in was not finished in this browser, or took too long. Nothing has changed. Try again.",
  access_denied: "You did not agree, so you are not signed in. Nothing has changed.",
  unmet_authentication_requirements: "This needs a second factor. Add one to your account at Vestibule, then come back.",
  unavailable: "The sign-in cannot be reached at the moment. Try again in a minute.",
};

const find = (id) => document.getElementById(id);

function show(id, text) {
  const element = find(id);
  element.hidden = text === undefined || text === null;
  if (!element.hidden && text !== true) element.textContent = text;
}

async function call(path, method = "GET") {
  const response = await fetch(path, { method, headers: { "X-BFF": "1" }, cache: "no-store" });
  const body = await response.json().catch(() => ({}));
  return { status: response.status, body };
}

function begin(person) {
  show("signed-out", person ? null : true);
  show("signed-in", person ? true : null);
  show("sign-out", person ? true : null);
  if (person) find("name").textContent = person.name || "somebody";
}

async function ask(question) {
  const { status, body } = await call(`/api/${question}`).catch(() => ({ status: 503, body: {} }));
  if (body.error === "signed_out") return begin(null);
  show("problem", null);
  show("answer", true);
  find("asked").textContent = document.querySelector(`[data-ask="${question}"] strong`).textContent;
  const isWeak = body.error === "insufficient_user_authentication";
  show("step-up", isWeak ? true : null);
  if (isWeak) find("step-up").href = `${body.sign_in}&return_to=${encodeURIComponent(`/?ask=${question}`)}`;
  show("said", isWeak ? "The API wants a newer or stronger sign-in. You come straight back here." : verdict(status, body));
  show("document", isWeak || status === 503 ? null : JSON.stringify(body, null, 2));
}

function verdict(status, body) {
  if (status === 503) return "The API cannot be reached at the moment. Try again in a minute.";
  if (status === 403) return body.error_description || "You may not see this.";
  return status < 400 ? "The API answers:" : "The API did not accept the question.";
}

async function start() {
  const parameters = new URLSearchParams(location.search);
  history.replaceState(null, "", "/"); // so that reloading repeats neither a question nor a message
  show("problem", PROBLEMS[parameters.get("problem")]);
  const { body } = await call("/bff/me").catch(() => ({ body: {} }));
  begin(body.person);
  const question = parameters.get("ask");
  const button = [...document.querySelectorAll("[data-ask]")].find((one) => one.dataset.ask === question);
  if (body.person && button) await ask(question);
}

find("questions").addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (button) ask(button.dataset.ask);
});
find("sign-out").addEventListener("click", async () => {
  const { body } = await call("/bff/sign-out", "POST");
  location.assign(body.next || "/");
});
start();
