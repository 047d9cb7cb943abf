"use strict";
(() => {
  const { rates, anchor, pictures } = JSON.parse(document.getElementById("compared").textContent);
  const part = (id) => document.getElementById(id);
  const stage = part("stage");
  const cut = part("cut");
  const choices = Object.fromEntries(["picture", "rate", "left", "right", "zoom"].map((id) => [id, part(id)]));
  const ORIGINAL = "original";
  const codecs = Object.keys(pictures[0].codecs);

  const fill = (select, texts) => texts.forEach((text, at) => select.add(new Option(text, at)));
  const number = (value) => value.toLocaleString("en");
  const decibels = (value) => (value === null ? "equal pixels" : `${value.toFixed(2)} dB`);

  fill(choices.picture, pictures.map((picture) => picture.name));
  fill(choices.left, [ORIGINAL, ...codecs]);
  fill(choices.right, [ORIGINAL, ...codecs]);

  /** What one side shows, and its facts as text. */
  function side(picture, rate, choice) {
    if (choice === 0) {
      const { copy } = picture.original;
      return { name: ORIGINAL, copy, facts: `${picture.width} × ${picture.height} pixels`, warning: "" };
    }
    const name = codecs[choice - 1];
    const file = picture.codecs[name][rate];
    return {
      name,
      copy: file.copy,
      facts: `${number(file.bytes)} bytes · ${file.bpp.toFixed(3)} bpp · PSNR ${decibels(file.psnr)} · ${file.setting}`,
      warning: file.fits ? "" : "its smallest file, larger than the budget",
    };
  }

  function shownAs({ itself, kind, psnr }) {
    if (itself) return `the ${kind} file itself`;
    return psnr === null ? "shown without loss" : `shown as an ${kind} copy, ${decibels(psnr)} from the pixels themselves`;
  }

  function describe(element, label, { name, copy, facts, warning }) {
    element.replaceChildren();
    const line = (tag, text, kind = "") => {
      const child = document.createElement(tag);
      child.textContent = text;
      child.className = kind;
      element.append(child);
    };
    line("span", label, "side");
    line("strong", name);
    line("span", facts, "numbers");
    if (warning) line("span", warning, "warning");
    line("small", shownAs(copy));
  }

  function moved() {
    const [left, right] = [choices.left, choices.right].map((select) => select.selectedOptions[0].text);
    stage.style.setProperty("--cut", `${cut.value}%`);
    cut.setAttribute("aria-valuetext", `${cut.value} % ${left}, ${100 - cut.value} % ${right}`);
  }

  function update() {
    const picture = pictures[choices.picture.value];
    const rate = Number(choices.rate.value);
    for (const which of ["left", "right"]) {
      const shown = side(picture, rate, Number(choices[which].value));
      const image = part(`${which}-image`);
      image.src = shown.copy.address;
      image.alt = `${picture.name}, ${shown.name}: ${shown.facts}`;
      describe(part(`${which}-facts`), which === "left" ? "Left" : "Right", shown);
    }
    stage.style.setProperty("--width", `${picture.shown_width}px`);
    stage.style.setProperty("--zoom", choices.zoom.value);
    stage.style.setProperty("--aspect", picture.shown_width / picture.shown_height);
    moved();
  }

  /** Budgets depend on the size of the picture. */
  function pictureChosen() {
    const picture = pictures[choices.picture.value];
    const before = choices.rate.value;
    choices.rate.replaceChildren();
    const allowed = picture.codecs[codecs[0]].map((file) => file.allowed);
    fill(choices.rate, rates.map((bpp, at) => `${number(allowed[at])} bytes (${bpp} bpp)`));
    choices.rate.value = before || Math.floor(rates.length / 2);
    update();
  }

  function step(select, by = 1) {
    select.selectedIndex = (select.selectedIndex + by + select.length) % select.length;
    select === choices.picture ? pictureChosen() : update();
  }

  function swap() {
    [choices.left.value, choices.right.value] = [choices.right.value, choices.left.value];
    update();
  }

  const keys = {
    n: () => step(choices.picture),
    p: () => step(choices.picture, -1),
    b: () => step(choices.rate),
    l: () => step(choices.left),
    r: () => step(choices.right),
    s: swap,
    z: () => step(choices.zoom),
  };
  cut.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    cut.value = Math.round(((event.clientX - box.left) / box.width) * 100);
    moved();
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    cut.focus({ preventScroll: true });
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });

  cut.addEventListener("input", moved);
  choices.picture.addEventListener("change", pictureChosen);
  for (const id of ["rate", "left", "right", "zoom"]) choices[id].addEventListener("change", update);
  part("swap").addEventListener("click", swap);

  choices.left.value = 1;
  const other = codecs.indexOf(anchor) > 0 ? codecs.indexOf(anchor) : 1;
  choices.right.value = other < codecs.length ? other + 1 : 0;
  pictureChosen();
  part("comparer").hidden = false;
})();
