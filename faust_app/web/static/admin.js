// What the pages do beyond HTML and htmx. Each works without this file too, with a little more typing.

// The code of a one-time address stands behind "#", which browsers never send; it goes into the form, and out of the address.
const code = document.querySelector("[data-from-fragment]");
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  code.form.querySelector("button").focus();
}

// An open menu closes on Escape, and when something else is clicked.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});

// "/" goes to the search box, as in most tools of this kind.
document.addEventListener("keydown", (event) => {
  const search = document.querySelector(".search input");
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
  }
});
