// What one does with a message: the menu, reactions, and going from one to the next by keys.

const SURE = "Delete it for everybody?";

export class Actions {
  #main;
  #page;
  #menu;
  #one = null; // the message that the menu is about

  // `page` has: link, log, composer, me (a handle), trouble(text)
  constructor(main, page) {
    this.#main = main;
    this.#page = page;
    this.#menu = main.querySelector("#menu");
    const { list, scroller } = page.log;
    list.addEventListener("click", (event) => this.#chosen(event));
    list.addEventListener("submit", (event) => this.#reacted(event));
    scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#menu.addEventListener("click", ({ target }) => this.#act(target.closest("button")));
    this.#menu.addEventListener("beforetoggle", ({ newState }) => {
      if (newState === "closed") this.#one.classList.remove("chosen");
    });
  }

  #chosen(event) {
    const button = event.target.closest(".act");
    const quote = event.target.closest("[data-quoted]");
    const quoted = quote && this.#page.log.find(quote.dataset.quoted);
    if (button) this.#open(button.closest(".message"));
    else if (quoted) {
      quoted.scrollIntoView({ block: "center" });
      quoted.focus();
    } else return;
    event.preventDefault();
  }

  #open(one) {
    this.#one = one;
    const menu = this.#menu;
    const { author, id } = one.dataset;
    const { mayWrite, mayModerate } = this.#main.dataset;
    const find = (word) => menu.querySelector(`[data-act="${word}"]`);
    const gone = one.classList.contains("gone");
    const own = author === this.#page.me && !gone;
    const may = mayWrite === "true" && !gone;
    find("reply").hidden = menu.querySelector(".faces").hidden = !may;
    find("edit").hidden = !own || !may;
    find("delete").textContent = "Delete";
    find("delete").hidden = gone || (!own && mayModerate !== "true");
    find("page").href = `/messages/${id}`;
    one.classList.add("chosen");
    menu.showPopover();
    this.#beside(one.querySelector(".act"));
    [...menu.querySelectorAll("button")].find((each) => each.checkVisibility()).focus();
  }

  #beside(button) {
    const { bottom, top, right } = button.getBoundingClientRect();
    const { offsetHeight: height, offsetWidth: width, style } = this.#menu;
    const below = bottom + height + 8 < innerHeight;
    style.top = `${Math.max(8, below ? bottom + 4 : top - height - 4)}px`;
    style.left = `${Math.max(8, right - width)}px`;
  }

  async #act(button) {
    if (!button) return;
    const one = this.#one;
    const { act, emoji } = button.dataset;
    if (act === "delete" && button.textContent !== SURE) {
      button.textContent = SURE; // there is no way back
      return;
    }
    this.#menu.hidePopover();
    const { link, composer, trouble } = this.#page;
    try {
      if (emoji) await this.#react(one, emoji);
      else if (act === "reply") composer.reply(one);
      else if (act === "edit") composer.edit(one);
      else if (act === "copy") {
        await navigator.clipboard.writeText(one.querySelector(".text").innerText);
      } else if (act === "delete") await link.ask("delete", { id: one.dataset.id });
    } catch (error) {
      trouble(error.message);
    }
  }

  #react(one, emoji) {
    const mine = [...one.querySelectorAll(".reactions button[aria-pressed=true]")];
    const on = !mine.some((button) => button.form.elements.emoji.value === emoji);
    return this.#page.link.ask("react", { id: one.dataset.id, emoji, on });
  }

  async #reacted(event) {
    event.preventDefault();
    try {
      await this.#react(event.target.closest(".message"), event.target.elements.emoji.value);
    } catch (error) {
      this.#page.trouble(error.message);
    }
  }

  // The arrow keys go from message to message, Enter opens what can be done with one.
  #key(event) {
    const one = document.activeElement.closest(".message");
    const { messages } = this.#page.log;
    const at = messages.indexOf(one);
    if (event.key === "Escape") this.#main.querySelector("#text")?.focus();
    else if (event.key === "ArrowUp" && (at > 0 || !one)) {
      messages.at(one ? at - 1 : -1)?.focus();
      event.preventDefault();
    } else if (event.key === "ArrowDown" && one) {
      messages[at + 1]?.focus();
      event.preventDefault();
    } else if (event.key === "Enter" && one && event.target === one && one.dataset.id) {
      this.#open(one);
      event.preventDefault();
    }
  }
}
