// What the browser does by itself: help until it was read, pictures as large as the window allows, the link.
(() => {
  const help = document.querySelector(".x-help");
  help.open = localStorage.getItem("idgan_tf help") !== "read";
  help.addEventListener("toggle", () => help.open || localStorage.setItem("idgan_tf help", "read"));

  const box = document.querySelector(".x-pictures"), now = document.querySelector(".x-now");
  const CAPTION = 24, GAP = 8, SMALLEST = 96;
  function fit() {
    const count = [...box.children].filter((figure) => figure.offsetParent).length || 1;
    const wide = getComputedStyle(now).display !== "contents";
    const above = Math.min(now.parentElement.offsetTop, 120);  // more is open help, which is read and closed
    const others = wide ? above + now.offsetHeight - box.offsetHeight : 0;
    const height = Math.max((wide ? innerHeight - others : 0.4 * innerHeight), 0.4 * innerHeight);
    let side = 0;
    for (let columns = 1; columns <= count; columns++) {
      const rows = Math.ceil(count / columns);
      side = Math.max(side, Math.min((box.clientWidth + GAP) / columns, (height + GAP) / rows - CAPTION) - GAP);
    }
    box.style.setProperty("--side", `${Math.floor(Math.max(side, Math.min(SMALLEST, box.clientWidth / count - GAP)))}px`);
  }
  new ResizeObserver(fit).observe(now);
  new MutationObserver(fit).observe(box, {subtree: true, attributes: true, attributeFilter: ["class"]});
  addEventListener("resize", fit);
  fit();

  // Quasar gives the role and the value to one element and the focus to another inside: who listens needs them in one.
  const SPOKEN = ["role", "aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow"];
  const rows = document.querySelector(".x-dimensions");
  function speak() {
    for (const slider of rows.querySelectorAll(".q-slider")) {
      const focused = slider.querySelector("[tabindex]");
      for (const name of SPOKEN) {
        const value = name === "role" ? "slider" : slider.getAttribute(name);
        if (focused.getAttribute(name) !== value) focused.setAttribute(name, value);  // or this would never end
      }
      slider.setAttribute("role", "none");
    }
  }
  new MutationObserver(speak).observe(rows, {subtree: true, childList: true, attributeFilter: ["aria-valuenow"]});
  speak();

  window.explorer_copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      Quasar.Notify.create("The address is copied; it holds this code.");
    } catch {
      Quasar.Notify.create("The address of this page holds this code; copy it from there.");
    }
  };
})();
