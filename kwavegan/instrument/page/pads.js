// A pad for each label: it plays, and beside it are dice, undo, the star and the download.

import { drawOutline, find, flash, iconButton, make, outline, say } from "./dom.js";

// Keys in their places on the keyboard, whatever is printed on them.
const CODES = [
  ..."ASDFGHJKL", ..."QWERTYUIOP", ..."ZXCVBNM",
].map((letter) => `Key${letter}`);

export const codeOf = (index) => CODES[index];

export function showPads({ kit, player, sounds, save }) {
  const list = find("#pads");
  const views = kit.pads.map((pad) => padView(pad, kit, player, save));
  list.classList.toggle("many", kit.pads.length > 8);
  list.append(...views.map((view) => view.element));

  const draw = (index) => {
    const { pad, picture, undo, star } = views[index];
    drawOutline(picture, sounds.channels(index, pad.latent));
    undo.disabled = pad.history.length === 0;
    star.setAttribute("aria-pressed", kit.isFavourite(index));
  };
  const mark = () => views.forEach(({ hit }, i) => hit.setAttribute("aria-current", i === kit.selected));
  kit.addEventListener("sound", ({ detail }) => draw(detail));
  kit.addEventListener("favourites", () => kit.pads.forEach((_, i) => draw(i)));
  kit.addEventListener("select", mark);
  kit.addEventListener("hit", ({ detail }) => {
    const wait = Math.max(0, detail.time - player.context.currentTime) * 1000;
    setTimeout(() => flash(views[detail.index].hit, detail.velocity), wait);
  });
  mark();
  return { draw };
}

function padView(pad, kit, player, save) {
  const { index, label } = pad;
  const picture = outline();
  const play = () => {
    kit.select(index);
    player.hit(index);
  };
  const key = codeOf(index)?.slice(3);
  const name = make("span", { className: "name", textContent: label });
  const hit = make(
    "button",
    {
      type: "button", className: "hit", "aria-label": `Play ${label}${key ? `, key ${key}` : ""}`,
      on: {
        pointerdown: (event) => event.button === 0 && play(),
        // Only a key or a screen reader clicks without a pointer.
        click: (event) => event.detail === 0 && play(),
      },
    },
    picture, name, ...(key ? [make("kbd", { textContent: key, "aria-hidden": "true" })] : []),
  );
  const anew = (change, what) => () => {
    kit.select(index);
    if (change() === false) return;
    player.hit(index);
    say(`${label}: ${what}`);
  };
  const undo = iconButton("undo", `Undo the sound of ${label}`, anew(() => kit.undo(index), "the sound before"));
  const star = iconButton("star", `Keep the sound of ${label}`, () => kit.toggleFavourite(index));
  const tools = make(
    "div", { className: "tools", role: "group", "aria-label": label },
    iconButton("dice", `New sound of ${label}`, anew(() => kit.dice(index), "a new sound")),
    undo, star,
    iconButton("save", `Download the sound of ${label}`, () => save.pad(index)),
  );
  const element = make("li", { className: "pad" }, hit, tools);
  element.style.setProperty("--own", `var(--pad-${index % 8})`);
  return { pad, element, hit, picture, undo, star };
}

// Play pads by keys, and start and stop by the space bar, but where a key means something else.
export function listenToKeys({ kit, player, sequencer }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const at = event.target;
    if (at.matches("textarea, input[type=text], select")) return;
    if (event.code === "Space") {
      if (at.closest("button, summary, input, a")) return;
      event.preventDefault();
      sequencer.toggle();
      return;
    }
    const index = CODES.indexOf(event.code);
    if (index < 0 || index >= kit.pads.length) return;
    kit.select(index);
    player.hit(index, event.shiftKey ? 0.6 : 1);
  });
}
