// The instrument: the network that is in the page, and all that plays it.

import { Network } from "./network.js";
import { showCharacter } from "./character.js";
import { find, say } from "./dom.js";
import { Kit } from "./kit.js";
import { Latents } from "./latents.js";
import { showMap } from "./map.js";
import { connectMidi } from "./midi.js";
import { listenToKeys, showPads } from "./pads.js";
import { showPanel } from "./panel.js";
import { Saving } from "./saving.js";
import { Sequencer } from "./sequencer.js";
import { Sounds } from "./sounds.js";
import { showSteps } from "./steps.js";
import { Player } from "./voice.js";

function bytesOf(id) {
  const element = find(`#${id}`);
  const text = atob(element.textContent);
  element.remove();
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// A browser of before 2023 may not know the instructions of matmul.wasm: JavaScript multiplies then.
function compiled(bytes) {
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

function open() {
  const about = JSON.parse(find("#about").textContent);
  const modules = { matmul: compiled(bytesOf("matmul")), pcg64: compiled(bytesOf("pcg64")) };
  const network = new Network(about.network, new Float32Array(bytesOf("weights").buffer), modules);
  const sounds = new Sounds(network, about);
  const kit = new Kit(about, new Latents(about));
  const player = new Player(sounds, kit);
  const sequencer = new Sequencer(player, kit);
  const save = new Saving(kit, sounds, about);
  const parts = { about, modules, network, sounds, kit, player, sequencer, save };

  const pads = showPads(parts);
  showPanel(parts);
  showSteps(parts);
  save.listen();
  showMap(parts);
  showCharacter(parts);
  listenToKeys(parts);
  find("#dice-all").addEventListener("click", () => {
    kit.pads.forEach((_, index) => kit.dice(index));
    say("New sounds on all pads");
  });
  find("#midi").addEventListener("click", () => connectMidi(player, kit, (text) => {
    find("#midi-said").textContent = text;
  }));
  // A touch wakes a context only when it ends.
  document.addEventListener("pointerup", () => player.audio && player.wake());

  // The pads are drawn one by one, so that the first can be played at once.
  const drawFrom = (index) => {
    if (index === kit.pads.length) return;
    pads.draw(index);
    setTimeout(() => drawFrom(index + 1), 0);
  };
  drawFrom(0);
  globalThis.instrument = parts;
}

open();
