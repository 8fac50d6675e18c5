// What a sound is like: a slider for each direction of its label that was measured in Python. At 0
// is the sound that came from elsewhere; the others are moved from it, as `kwavegan generate` does.

import { find, make } from "./dom.js";

const FAR = 3; // standard deviations of the label's sounds

const titleOf = (name) => (/^pc\d/.test(name) ? `Principal ${name.slice(2)}` : name[0].toUpperCase() + name.slice(1));

export function showCharacter({ kit, player, about }) {
  const box = find("#character");
  const list = find("#character-sliders");
  const states = kit.pads.map(({ latent }) => ({ base: latent, amounts: {} }));
  let moving = false;

  const move = (name, amount) => {
    const { selected } = kit;
    const state = states[selected];
    if (!moving) kit.remember(selected);
    state.amounts[name] = amount;
    moving = true;
    kit.setLatent(selected, moved(kit, about.directions[selected], state), false);
    player.hit(selected);
  };
  const slider = (name) => {
    const id = `move-${name}`;
    const output = make("output");
    output.htmlFor = id;
    const input = make("input", { type: "range", id, min: -FAR, max: FAR, step: 0.1 });
    const show = () => {
      const amount = states[kit.selected].amounts[name] ?? 0;
      input.value = amount;
      output.textContent = amount > 0 ? `+${amount}` : `${amount}`;
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", () => {
      move(name, Number(input.value));
      show();
    });
    input.addEventListener("change", () => (moving = false));
    show();
    const label = make("label", {}, `${titleOf(name)} `, output);
    label.htmlFor = id;
    return [label, input];
  };
  const showAll = () => {
    const names = Object.keys(about.directions[kit.selected] ?? {});
    list.replaceChildren(...names.flatMap(slider));
    box.hidden = names.length === 0;
  };
  find("#character-reset").addEventListener("click", () => {
    const { base } = states[kit.selected];
    kit.setLatent(kit.selected, base);
    player.hit(kit.selected);
  });
  // A sound of the dice, the map or undo is where moves begin anew.
  kit.addEventListener("sound", ({ detail }) => {
    if (moving && detail === kit.selected) return;
    states[detail] = { base: kit.pads[detail].latent, amounts: {} };
    if (detail === kit.selected) showAll();
  });
  kit.addEventListener("select", () => {
    moving = false;
    showAll();
  });
  showAll();
}

function moved(kit, steps, { base, amounts }) {
  const given = Object.entries(amounts).filter(([, amount]) => amount !== 0);
  if (given.length === 0) return base;
  const step = new Float64Array(kit.latents.dim);
  for (const [name, amount] of given) steps[name].forEach((x, i) => (step[i] += amount * x));
  return kit.latents.moved(base, step);
}
