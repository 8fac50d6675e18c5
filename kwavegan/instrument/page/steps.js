// The grid of steps, and what keeps the time.

import { find, icon, make } from "./dom.js";
import { ACCENT, ON, STEPS } from "./kit.js";

const MARKS = ["off", "on", "accent"];

export function showSteps({ kit, player, sequencer }) {
  const grid = find("#steps");
  const rows = kit.pads.map((pad) => rowOf(pad, kit, player, sequencer));
  grid.append(...rows.map((row) => row.element));
  kit.addEventListener("pattern", () => rows.forEach((row) => row.show()));
  const now = (step) => {
    for (const { cells } of rows) cells.forEach((cell, i) => cell.classList.toggle("now", i === step));
  };
  kit.addEventListener("step", ({ detail }) => sequencer.playing && now(detail));
  kit.addEventListener("transport", () => {
    const button = find("#play");
    button.setAttribute("aria-pressed", sequencer.playing);
    button.setAttribute("aria-label", sequencer.playing ? "Stop" : "Play");
    find("use", button).setAttribute("href", sequencer.playing ? "#icon-stop" : "#icon-play");
    if (!sequencer.playing) now(-1);
  });
  find("#play").append(icon("play"));
  find("#play").addEventListener("click", () => sequencer.toggle());
  find("#clear").addEventListener("click", () => kit.clearPattern());
  slider(kit, "tempo", (value) => `${value} BPM`);
  slider(kit, "swing", (value) => `${value} %`);
}

function rowOf(pad, kit, player, sequencer) {
  const cells = Array.from({ length: STEPS }, (_, step) => {
    const press = () => {
      const mark = kit.cycleStep(pad.index, step);
      if (mark === ON && !sequencer.playing) player.hit(pad.index);
    };
    return make("button", { type: "button", className: "step", on: { click: press } });
  });
  const show = () => cells.forEach((cell, step) => {
    const mark = pad.steps[step];
    cell.dataset.mark = MARKS[mark];
    cell.setAttribute("aria-pressed", mark !== 0);
    cell.setAttribute("aria-label", `${pad.label}, step ${step + 1}${mark === ACCENT ? ", accent" : ""}`);
  });
  show();
  const element = make(
    "div", { className: "row", role: "group", "aria-label": `Steps of ${pad.label}` },
    make("span", { className: "name", textContent: pad.label }),
    make("div", { className: "cells" }, ...cells),
  );
  element.style.setProperty("--own", `var(--pad-${pad.index % 8})`);
  return { element, cells, show };
}

function slider(kit, name, words) {
  const input = find(`#${name}`);
  const show = () => {
    input.value = kit[name];
    find(`output[for=${name}]`).textContent = words(kit[name]);
    input.setAttribute("aria-valuetext", words(kit[name]));
  };
  input.addEventListener("input", () => {
    kit.setTime(name, Number(input.value));
    show();
  });
  show();
}
