// <vitrine-document src="docs/tables.md">: a document of the project, read in the page. The page
// fetches this file, and with it what reads Markdown, when the first document is opened.

import { Marked } from "./marked.esm.js";

class VitrineDocument extends HTMLElement {
  connectedCallback() {
    this.read();
  }

  async read() {
    this.say("Fetching…");
    const address = this.getAttribute("src");
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      this.show(new Marked().parse(await response.text()));
    } catch (error) {
      this.say(`${address} could not be fetched: ${error.message}. The rest of the page works without it.`, "notice");
      const again = document.createElement("button");
      again.type = "button";
      again.textContent = "Try again";
      again.onclick = () => this.read();
      this.append(again);
    }
  }

  say(text, testid = "fetching") {
    const line = document.createElement("p");
    line.dataset.testid = testid;
    line.setAttribute("role", "status");
    line.textContent = text;
    this.replaceChildren(line);
  }

  show(html) {
    this.innerHTML = html;
    // Its own title is that of the panel that it stands in.
    this.querySelector("h1")?.remove();
    for (const table of this.querySelectorAll("table")) {
      const frame = document.createElement("div");
      frame.className = "scrolls";
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
      frame.setAttribute("aria-label", "Table");
      table.replaceWith(frame);
      frame.append(table);
    }
    this.contents();
  }

  /** Where there is more than one part, a way to each stands at the top. */
  contents() {
    const headings = [...this.querySelectorAll("h2")];
    if (headings.length < 2) return;
    const nav = document.createElement("nav");
    nav.setAttribute("aria-label", "Parts");
    for (const heading of headings) {
      const way = document.createElement("button");
      way.type = "button";
      way.textContent = heading.textContent.split(":")[0];
      way.title = heading.textContent;
      way.onclick = () => {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        heading.scrollIntoView({ behavior: calm ? "instant" : "smooth", block: "start" });
      };
      nav.append(way);
    }
    headings[0].before(nav);
  }
}

customElements.define("vitrine-document", VitrineDocument);
