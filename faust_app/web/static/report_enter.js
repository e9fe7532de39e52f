// Exchanges the link of this page for a session. Without this file the button does it, where no frame is around the page.

const form = document.querySelector("form[data-enter]");
const framed = window.self !== window.top;

// In a frame of another site the browser keeps no cookie. The token stays in this function, and every page that is fetched
// replaces the body of this document, which is never left.
function keep(token, start) {
  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["Authorization"] = `Bearer ${token}`;
  });
  document.addEventListener("click", (event) => {
    const file = event.target.closest("a[download]");
    if (!file) return;
    event.preventDefault();
    save(file.href, token);
  });
  document.body.setAttribute("hx-boost:inherited", "true");
  document.body.setAttribute("hx-push-url:inherited", "false");
  document.addEventListener("htmx:after:swap", () => {
    window.scrollTo(0, 0);
    document.querySelector("main")?.focus({ preventScroll: true });
  });
  htmx.ajax("GET", start, { target: document.body, push: "false" });
}

async function save(address, token) {
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) return;
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "report.csv";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function enter() {
  const body = new URLSearchParams(new FormData(form));
  if (framed) body.set("framed", "1");
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) {
    HTMLFormElement.prototype.submit.call(form); // the page that it leads to says why
    return;
  }
  const { token, start } = await answer.json();
  if (!framed) {
    location.replace(start); // in place of the address with the link, which is used now
    return;
  }
  history.replaceState(null, "", location.pathname);
  keep(token, start);
}

if (form) enter();
