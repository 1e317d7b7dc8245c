(() => {
  "use strict";
  const news = document.getElementById("news");

  // Buttons show only where they can work: the class below makes them visible.
  if (navigator.clipboard) document.documentElement.classList.add("clipboard");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy], button[data-share]");
    if (!button) return;
    news.textContent = "";
    const url = button.dataset.share && new URL(button.dataset.share, location.origin).href;
    if (url && navigator.share) return navigator.share({ url }).catch(() => {});
    await navigator.clipboard.writeText(url || button.dataset.copy);
    news.textContent = news.dataset.copied;
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 2000);
  });

  let main = document.getElementById("order");
  if (!main || !("EventSource" in window)) return;
  const live = document.getElementById("live");
  let waiting = null;

  // The server renders; the script only fetches the page anew and puts its main part in place.
  const refresh = async () => {
    waiting = null;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, referrerPolicy: "no-referrer" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("order");
    if (!fresh || fresh.dataset.etag === main.dataset.etag) return;
    main.replaceWith(fresh);
    main = fresh;
    document.title = page.title;
    news.textContent = news.dataset.updated;
  };

  const source = new EventSource(main.dataset.stream);
  source.onopen = () => { live.hidden = false; document.body.classList.add("live"); };
  source.onerror = () => { live.hidden = true; document.body.classList.remove("live"); };
  source.onmessage = (message) => {
    if (message.lastEventId === main.dataset.etag || waiting) return;
    waiting = setTimeout(() => refresh().catch(() => {}), 250);
  };
  addEventListener("pagehide", () => source.close());
})();
