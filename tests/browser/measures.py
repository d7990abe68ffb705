"""What pages are asked about themselves: scripts that give what is wrong."""

from __future__ import annotations

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }"""
"""WCAG 2.2, 1.4.12."""
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(one => {
    const style = getComputedStyle(one);
    return !one.closest('.hidden, .skip') && one.innerText && style.overflow !== 'visible'
        && style.overflow !== 'auto' && one.scrollHeight > one.clientHeight + 1;
}).map(one => one.outerHTML.slice(0, 80))"""
EDGELESS = """() => [...document.querySelectorAll('main button:not(.quiet), a.button, dialog button')].filter(one => {
    const style = getComputedStyle(one), paper = getComputedStyle(document.body).backgroundColor;
    return one.offsetWidth && !(parseFloat(style.borderTopWidth) > 0 && style.borderTopColor !== paper);
}).map(one => one.outerHTML.slice(0, 80))"""
"""Backgrounds are gone in forced colours: what was told apart by one needs an edge."""
UNNAMED = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')].filter(
    one => one.offsetWidth && !(one.innerText.trim() || one.getAttribute('aria-label') || one.labels?.length
        || one.querySelector('img[alt]:not([alt=""])'))
).map(one => one.outerHTML.slice(0, 80))"""
UNEQUAL = """() => [...document.querySelectorAll('.decision')].filter(one => one.offsetWidth).flatMap(pair => {
    const names = ['color', 'backgroundColor', 'borderColor', 'borderWidth', 'borderRadius', 'fontSize', 'fontWeight',
        'fontFamily', 'padding', 'opacity', 'boxShadow', 'textDecorationLine', 'cursor', 'textTransform'];
    const [one, other, ...more] = [...pair.children].filter(child => child.offsetWidth);
    const [first, second] = [one, other].map(button => {
        const style = getComputedStyle(button), box = button.getBoundingClientRect();
        return {...Object.fromEntries(names.map(name => [name, style[name]])), y: box.y, width: box.width,
            height: box.height};
    });
    const found = Object.keys(first).filter(name => first[name] !== second[name])
        .map(name => `${name}: ${first[name]} and ${second[name]}`);
    if (more.length) found.push('more than two');
    if (first.height < 44) found.push(`${first.height} px high`);
    return found;
})"""
"""Of the two ways to decide."""
NUMERIC_DATES = r"""() => document.body.innerText.match(
    /(?<![\d./-])\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}(?![\d./-])/g) || []"""
"""Dates that are read differently in another country."""
TARGETS = """() => [...document.querySelectorAll('a[href], button, input, select, summary')].filter(one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    // A link in a sentence is as high as its line (2.5.8, inline); what a label makes larger is as large as that.
    const inline = style.display === 'inline' && one.closest('p, li, dd');
    const target = one.closest('label') || one, size = target.getBoundingClientRect();
    return !inline && box.width && one.type !== 'hidden' && !one.closest('.skip')
        && Math.min(size.width, size.height) < 24;
}).map(one => one.outerHTML.slice(0, 90))"""
UNSEEN = """() => [...document.querySelectorAll('main .tile, main .state, main .mark')]
    .filter(one => !(one.matches('.tile') ? one.closest('li, div, form').parentElement : one).innerText.trim())
    .map(one => one.outerHTML.slice(0, 90))"""
