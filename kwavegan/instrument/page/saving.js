// Downloads, and recipes to copy.

import { find, say } from "./dom.js";
import { download, fileName, recipeTable, wavOf, zipOf } from "./files.js";
import { renderLoop, renderPad } from "./render.js";

export class Saving {
  constructor(kit, sounds, about) {
    Object.assign(this, { kit, sounds, about });
  }

  async pad(index) {
    const pad = this.kit.pads[index];
    const { channels, rate } = await renderPad(this.sounds, pad);
    download(`${fileName(pad.label)}.wav`, wavOf(channels, rate), "audio/wav");
    say(`${pad.label}: downloaded`);
  }

  async kitFile() {
    const files = [];
    for (const pad of this.kit.pads) {
      const { channels, rate } = await renderPad(this.sounds, pad);
      files.push([`${this.stem(pad)}.wav`, wavOf(channels, rate)]);
    }
    files.push(["latents.csv", new TextEncoder().encode(this.recipes(this.kit.pads))]);
    download(`${fileName(this.about.run)}-kit.zip`, zipOf(files));
    say("The kit: downloaded");
  }

  async loop() {
    const { channels, rate } = await renderLoop(this.sounds, this.kit);
    download(`${fileName(this.about.run)}-${this.kit.tempo}-bpm.wav`, wavOf(channels, rate), "audio/wav");
    say("The loop: downloaded");
  }

  stem(pad) {
    return `${String(pad.index + 1).padStart(2, "0")}-${fileName(pad.label)}`;
  }

  recipes(pads) {
    const rows = pads.map((pad) => ({
      file: `${this.stem(pad)}.wav`, label: this.about.labels[pad.index] ?? "", latent: pad.latent,
    }));
    return recipeTable(rows, this.about.latentDim);
  }

  listen() {
    const text = find("#recipe");
    const { kit } = this;
    const show = () => (text.value = this.recipes([kit.pads[kit.selected]]));
    kit.addEventListener("select", show);
    kit.addEventListener("sound", show);
    show();
    find("#save-kit").addEventListener("click", () => this.kitFile());
    find("#save-loop").addEventListener("click", () => this.loop());
    find("#recipe-copy").addEventListener("click", () => copy(text, "The recipe of this sound"));
    find("#recipe-all").addEventListener("click", () => {
      text.value = this.recipes(kit.pads);
      copy(text, "The recipes of all pads");
    });
  }
}

// Where the clipboard is closed to the page, the text is left marked, to be copied by hand.
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text.value);
    say(`${what}: copied`);
  } catch {
    find("#recipe-details").open = true;
    text.focus();
    text.select();
    say(`${what}: marked; copy it with Ctrl-C`);
  }
}
