// Calculates whether the events that this page calls proven are in the log's tree: leaf hashes and inclusion proofs of
// RFC 9162, 2.1.3.2. It checks no signature; the page says so.
(() => {
  "use strict";
  const check = document.getElementById("check");
  if (!check) return;
  const say = (name, values) => {
    check.textContent = check.dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
    check.className = `verdict ${name}`;
  };

  const text = new TextEncoder();
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    parts.reduce((offset, part) => (all.set(part, offset), offset + part.length), 0);
    return all;
  };
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
  const bytes = (encoded) => Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const hex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
  const half = (number) => Math.floor(number / 2);

  const rootOf = async (leaf, index, size, path) => {
    let [node, last, computed] = [index, size - 1, await sha256([0], leaf)];
    if (!(index >= 0 && index < size)) return null;
    for (const sibling of path) {
      if (last === 0) return null;
      if (node % 2 === 1 || node === last) {
        computed = await sha256([1], sibling, computed);
        while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
      } else {
        computed = await sha256([1], computed, sibling);
      }
      [node, last] = [half(node), half(last)];
    }
    return last === 0 ? base64(computed) : null;
  };

  const proven = async (event, size, root) => {
    const [, index, ...path] = event.proof.trimEnd().split("\n");
    const leaf = `silkpost-event/v1\n${base64(await sha256(hex(event.salt), text.encode(event.jws)))}`;
    return (await rootOf(text.encode(leaf), Number(index.slice(6)), size, path.map(bytes))) === root;
  };

  const eventOf = (jws) =>
    JSON.parse(new TextDecoder().decode(bytes(jws.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))));

  const run = async () => {
    const rows = [...document.querySelectorAll("[data-event]")];
    if (!rows.length) return say("none");
    if (!window.isSecureContext || !crypto.subtle) return say("impossible");
    say("running");
    const answer = await fetch(check.dataset.bundle, { referrerPolicy: "no-referrer" });
    if (!answer.ok) return say("impossible");
    const bundle = await answer.json();
    const [, size, root] = bundle.checkpoint.split("\n");
    const events = new Map();
    for (const event of bundle.events) {
      if (!(await proven(event, Number(size), root))) return say("bad");
      const signed = eventOf(event.jws);
      events.set(signed.eventID, signed);
    }
    for (const row of rows) {
      const signed = events.get(row.dataset.event);
      if (!signed || signed.bizStep !== row.dataset.step || Date.parse(signed.eventTime) !== Date.parse(row.dataset.at)) {
        return say("bad");
      }
    }
    for (const row of rows) row.querySelector(".proof").textContent += ` · ${check.dataset.checked}`;
    return say("good", { count: events.size, size });
  };
  run().catch(() => say("impossible"));
})();
