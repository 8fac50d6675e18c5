// Sixteen steps in time: a clock that looks a little ahead.

import { ACCENT, OFF, STEPS } from "./kit.js";

const EVERY = 25; // ms between two looks
const AHEAD = 0.12; // seconds
const AHEAD_HIDDEN = 1.3; // a hidden page is woken once a second

export const velocityOf = (mark) => (mark === ACCENT ? 1 : 0.72);

// Seconds from the start of a pattern to a step: of two steps, the second is late by the swing, in
// per cent of both.
export function stepTime(step, tempo, swing) {
  const pair = 60 / tempo / 2;
  return Math.floor(step / 2) * pair + (step % 2 ? (pair * swing) / 100 : 0);
}

export class Sequencer {
  constructor(player, kit) {
    Object.assign(this, { player, kit, playing: false, step: 0 });
  }

  toggle() {
    if (this.playing) this.stop();
    else this.start();
  }

  start() {
    this.player.wake();
    Object.assign(this, { playing: true, step: 0, origin: this.player.context.currentTime + 0.06 });
    this.timer = setInterval(() => this.look(), EVERY);
    this.look();
    this.kit.dispatchEvent(new CustomEvent("transport"));
  }

  stop() {
    clearInterval(this.timer);
    this.playing = false;
    this.kit.dispatchEvent(new CustomEvent("transport"));
  }

  look() {
    const { currentTime } = this.player.context;
    const until = currentTime + (document.hidden ? AHEAD_HIDDEN : AHEAD);
    for (;;) {
      const { tempo, swing } = this.kit;
      const time = this.origin + stepTime(this.step, tempo, swing);
      if (time > until) return;
      // What a stopped page missed is not played all at once.
      if (time > currentTime - 0.05) this.playStep(time);
      this.step += 1;
      if (this.step === STEPS) {
        this.step = 0;
        this.origin += stepTime(STEPS, tempo, swing);
      }
    }
  }

  playStep(time) {
    for (const { index, steps } of this.kit.pads) {
      const mark = steps[this.step];
      if (mark !== OFF) this.player.hit(index, velocityOf(mark), time);
    }
    const step = this.step;
    const wait = Math.max(0, (time - this.player.context.currentTime) * 1000);
    setTimeout(() => this.kit.dispatchEvent(new CustomEvent("step", { detail: step })), wait);
  }
}
