// The panel of the pad that was played last: its shape, a walk, its recipe and its favourites.

import { drawOutline, find, iconButton, make, outline, say } from "./dom.js";
import { NEUTRAL } from "./kit.js";
import { between } from "./latents.js";
import { decaySeconds, hertz } from "./voice.js";

export function showPanel({ kit, player, sounds, about }) {
  const title = find("#panel-title");
  const name = () => {
    title.textContent = kit.pads[kit.selected].label;
    find("#panel").style.setProperty("--own", `var(--pad-${kit.selected % 8})`);
  };
  kit.addEventListener("select", name);
  name();
  showShape(kit, player, about);
  showWalk(kit, player);
  showFavourites(kit, player, sounds);
}

function showShape(kit, player, about) {
  const seconds = about.length / about.rate;
  const words = {
    pitch: (value) => `${value > 0 ? "+" : ""}${value} semitones`,
    decay: (value) => (value === 100 ? "whole" : `${Math.round(1000 * decaySeconds(value, seconds))} ms`),
    filter: (value) => (value === 100 ? "open" : `${Math.round(hertz(value, about.rate))} Hz`),
    level: (value) => `${value > 0 ? "+" : ""}${value} dB`,
  };
  const sliders = Object.keys(NEUTRAL).map((name) => {
    const input = find(`#shape-${name}`);
    const output = find(`output[for=shape-${name}]`);
    const show = () => {
      input.value = kit.pads[kit.selected].shape[name];
      output.textContent = words[name](Number(input.value));
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      kit.setShape(kit.selected, name, Number(input.value));
      show();
    });
    input.addEventListener("change", () => player.hit(kit.selected));
    return show;
  });
  const showAll = () => sliders.forEach((show) => show());
  find("#shape-reset").addEventListener("click", () => {
    for (const [name, value] of Object.entries(NEUTRAL)) kit.setShape(kit.selected, name, value);
    showAll();
    player.hit(kit.selected);
  });
  kit.addEventListener("select", showAll);
  showAll();
}

// A walk goes from A to B. Until A is set it is the last sound that came from elsewhere.
function showWalk(kit, player) {
  const walks = kit.pads.map(({ latent }) => ({ ends: [latent, kit.latents.draw()], set: false }));
  const slider = find("#walk");
  let walking = false;
  const set = (end) => () => {
    const { label, latent } = kit.pads[kit.selected];
    const walk = walks[kit.selected];
    walk.ends[end] = latent;
    if (end === 0) walk.set = true;
    slider.value = 100 * end;
    say(`${label}: this sound is ${"AB"[end]} now`);
  };
  find("#walk-from").addEventListener("click", set(0));
  find("#walk-to").addEventListener("click", set(1));
  slider.addEventListener("input", () => {
    if (!walking) kit.remember(kit.selected);
    walking = true;
    const { ends } = walks[kit.selected];
    kit.setLatent(kit.selected, between(...ends, Number(slider.value) / 100), false);
    player.hit(kit.selected);
  });
  slider.addEventListener("change", () => (walking = false));
  kit.addEventListener("sound", ({ detail }) => {
    if (walking || walks[detail].set) return;
    walks[detail].ends[0] = kit.pads[detail].latent;
    if (detail === kit.selected) slider.value = 0;
  });
  kit.addEventListener("select", () => (slider.value = 0));
}

function showFavourites(kit, player, sounds) {
  const list = find("#favourites");
  const show = () => {
    list.replaceChildren(...kit.favourites.map((one) => chip(one, kit, player, sounds)));
    find("#favourites-none").hidden = kit.favourites.length > 0;
  };
  kit.addEventListener("favourites", show);
  show();
}

function chip(favourite, kit, player, sounds) {
  const { pad, latent } = favourite;
  const { label } = kit.pads[pad];
  const picture = outline();
  drawOutline(picture, sounds.channels(pad, latent));
  const take = () => {
    kit.select(pad);
    kit.setLatent(pad, latent);
    player.hit(pad);
  };
  const button = make(
    "button", { type: "button", className: "take", "aria-label": `Play the kept ${label}`, on: { click: take } },
    picture, make("span", { textContent: label }),
  );
  const item = make("li", {}, button, iconButton("close", `Let go of the kept ${label}`, () => kit.forget(favourite)));
  item.style.setProperty("--own", `var(--pad-${pad % 8})`);
  return item;
}
