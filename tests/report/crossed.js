// Labels of the diagram that are small, overlap, are crossed by a line or leave their box, as the browser measures them.
() => {
  const svg = document.querySelector('main svg.diagram');
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const labels = [...svg.querySelectorAll('text')].map((text) => {
    const { x, y, width, height } = text.getBBox();
    const size = parseFloat(getComputedStyle(text).fontSize) * scale;
    // The box has room for accents and descenders, which most texts lack.
    return { text: text.firstChild.data, size, left: x, right: x + width, top: y + 3, bottom: y + height - 3 };
  });
  const found = labels.filter((each) => each.size < 11).map((each) => `${each.text} is small: ${each.size}`);
  const within = (box, x, y) => x > box.left && x < box.right && y > box.top && y < box.bottom;
  labels.forEach((one, number) => labels.slice(number + 1).forEach((two) => {
    const apart = one.left >= two.right || two.left >= one.right || one.top >= two.bottom || two.top >= one.bottom;
    if (!apart) found.push(`${one.text} overlaps ${two.text}`);
  }));
  svg.querySelectorAll('.arrow, .plain').forEach((path) => {
    for (let at = 0, length = path.getTotalLength(); at <= length; at += 2) {
      const { x, y } = path.getPointAtLength(at);
      labels.filter((each) => within(each, x, y)).forEach((each) => found.push(`a line crosses ${each.text}`));
    }
  });
  svg.querySelectorAll('rect[data-party]').forEach((rect) => {
    const { x, y, width, height } = rect.getBBox();
    const box = { left: x, right: x + width, top: y, bottom: y + height };
    labels.filter((each) => within(box, each.left, (each.top + each.bottom) / 2) && each.right > box.right)
      .forEach((each) => found.push(`${each.text} leaves its box`));
  });
  return [...new Set(found)];
}
