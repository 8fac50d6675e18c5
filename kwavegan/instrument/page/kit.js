// What is played: a sound and its shape on each pad, favourites, and the pattern. It is remembered
// in the browser, and tells whoever listens what changed.

const UNDO = 50;
export const STEPS = 16;
export const NEUTRAL = { pitch: 0, decay: 100, filter: 100, level: 0 };
export const [OFF, ON, ACCENT] = [0, 1, 2];

export class Kit extends EventTarget {
  constructor(about, latents) {
    super();
    Object.assign(this, { about, latents, selected: 0, favourites: [] });
    this.key = `kwavegan:${about.run}:${about.weights}`;
    const first = Float32Array.from(about.firstLatent);
    this.labels = about.labels.length ? about.labels : ["sound"];
    this.pads = this.labels.map((label, index) => ({
      label, index, latent: first, history: [], shape: { ...NEUTRAL },
      steps: new Array(STEPS).fill(OFF),
    }));
    this.tempo = 112;
    this.swing = 54;
    this.begin();
    this.restore();
  }

  // A pattern to begin with: four to the floor, and the others around it.
  begin() {
    const figures = ["x...x...x...x...", "....x.......x...", "..x...x...x...x.", "x..x..x...x.x..."];
    const find = (name) => this.labels.findIndex((label) => label.toLowerCase().includes(name));
    const known = ["kick", "snare", "hat"].map(find);
    const order = known.includes(-1) ? this.labels.map((_, i) => i) : known;
    order.slice(0, figures.length).forEach((pad, i) => {
      this.pads[pad].steps = [...figures[i]].map((mark) => (mark === "x" ? ON : OFF));
    });
  }

  tell(what, detail) {
    this.save();
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  // Every new sound comes in here: from dice, map, walk or a favourite. `remember`: whether undo
  // comes back to the one before.
  setLatent(index, latent, remember = true) {
    const pad = this.pads[index];
    if (remember) this.remember(index);
    pad.latent = latent;
    this.tell("sound", index);
  }

  remember(index) {
    const { history, latent } = this.pads[index];
    if (history[history.length - 1] === latent) return;
    history.push(latent);
    if (history.length > UNDO) history.shift();
  }

  dice(index) {
    this.setLatent(index, this.latents.draw());
  }

  undo(index) {
    const latent = this.pads[index].history.pop();
    if (!latent) return false;
    this.setLatent(index, latent, false);
    return true;
  }

  select(index) {
    if (this.selected === index) return;
    this.selected = index;
    this.tell("select", index);
  }

  setShape(index, name, value) {
    this.pads[index].shape[name] = value;
    this.tell("shape", index);
  }

  isFavourite(index) {
    return this.favourites.some((one) => one.pad === index && same(one.latent, this.pads[index].latent));
  }

  // Keep the sound of a pad, or let go of it.
  toggleFavourite(index) {
    const { latent } = this.pads[index];
    const kept = this.favourites.filter((one) => one.pad !== index || !same(one.latent, latent));
    if (kept.length === this.favourites.length) kept.push({ pad: index, latent });
    this.favourites = kept;
    this.tell("favourites");
  }

  forget(favourite) {
    this.favourites = this.favourites.filter((one) => one !== favourite);
    this.tell("favourites");
  }

  cycleStep(index, step) {
    const { steps } = this.pads[index];
    steps[step] = (steps[step] + 1) % 3;
    this.tell("pattern", { index, step });
    return steps[step];
  }

  clearPattern() {
    for (const pad of this.pads) pad.steps.fill(OFF);
    this.tell("pattern");
  }

  setTime(name, value) {
    this[name] = value;
    this.tell("time");
  }

  save() {
    const plain = (latent) => Array.from(latent);
    const stored = {
      tempo: this.tempo, swing: this.swing,
      pads: this.pads.map(({ latent, shape, steps }) => ({ latent: plain(latent), shape, steps })),
      favourites: this.favourites.map(({ pad, latent }) => ({ pad, latent: plain(latent) })),
    };
    try {
      localStorage.setItem(this.key, JSON.stringify(stored));
    } catch {
      // A private window, or a full store: the instrument plays, and forgets.
    }
  }

  restore() {
    try {
      const stored = JSON.parse(localStorage.getItem(this.key));
      if (stored?.pads?.length !== this.pads.length) return;
      stored.pads.forEach(({ latent, shape, steps }, i) => {
        if (latent.length !== this.latents.dim || steps.length !== STEPS) throw new Error("damaged");
        Object.assign(this.pads[i], { latent: Float32Array.from(latent), steps });
        Object.assign(this.pads[i].shape, shape);
      });
      this.favourites = stored.favourites.map(({ pad, latent }) => ({ pad, latent: Float32Array.from(latent) }));
      Object.assign(this, { tempo: stored.tempo, swing: stored.swing });
    } catch {
      // Nothing was stored, or not by this page.
    }
  }
}

export const same = (a, b) => a === b || (a.length === b.length && a.every((x, i) => x === b[i]));
