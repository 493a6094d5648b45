'use strict';
// Every text goes into the page as text, never as markup: names come from stacks and from AWS.
const contents = JSON.parse(document.getElementById('contents').textContent);
const environments = contents.environments;
const PAGE = 100;
let loaded;
const resources = () => {
  if (!loaded) {
    loaded = JSON.parse(document.getElementById('resources').textContent).rows;
    loaded.forEach((row) => { row.usedBy = []; });
    loaded.forEach((row, number) => row.uses.forEach((used) => loaded[used].usedBy.push(number)));
  }
  return loaded;
};

// Control characters and marks of text direction are shown as their codes.
const shown = (text) => String(text).replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) => '\\u' + found.codePointAt(0).toString(16).padStart(4, '0'));
const h = (tag, properties, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? '' : shown(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false).map((child) => child instanceof Node ? child : shown(child)));
  return element;
};
const code = (text) => h('code', {}, text);
const tag = (text, kind) => h('span', { class: `tag ${kind || ''}` }, text);
// Markdown's code.
const marked = (text) => text.split('`').map((part, number) => number % 2 ? code(part) : part);
const KINDS = { pass: 'good', clean: 'good', passed: 'good', fail: 'bad', findings: 'bad', failed: 'bad', error: 'bad', accepted: 'warn', approved: 'warn', unknown: 'warn', refused: 'bad', "can't be judged": 'bad' };
const status = (text) => tag(text, KINDS[text]);
const time = (text) => text ? h('time', { datetime: text }, text.split('T').map((part, number) => [number ? ' ' : '', h('span', { class: 'whole' }, part.replace(/(\.\d+)?(\+00:00|Z)$/, ' UTC'))])) : '';
const count = (number, one, many) => `${number.toLocaleString('en')} ${number === 1 ? one : many || one + 's'}`;
const missing = (name) => h('p', { class: 'missing' }, code(name), ` ${contents.missing[name] || 'is missing'}.`);

// A table: heads are texts, or [text, 'number'].
const table = (caption, heads, rows, wide = true) => {
  const columns = heads.map((head) => Array.isArray(head) ? head : [head, '']);
  return h('div', { class: 'scroll', 'data-name': caption }, h('table', { class: wide ? 'wide' : '' }, h('caption', {}, caption),
    h('thead', {}, h('tr', {}, columns.map(([text, kind]) => h('th', { scope: 'col', class: kind }, text)))),
    h('tbody', {}, rows.map((row) => h('tr', {}, row.map((cell, column) => h(column ? 'td' : 'th', { scope: column ? null : 'row', class: [columns[column][1], cell && cell.differs && 'differs'].filter(Boolean).join(' '), 'data-head': columns[column][0] }, cell && cell.differs !== undefined ? cell.text : cell)))))));
};
const cards = (items) => h('ul', { class: 'cards' }, items.map(([value, what, kind]) => h('li', {}, h('b', { class: kind }, value), what)));
const goto = (...parts) => '#' + parts.map(encodeURIComponent).join('/');
const resourceLink = (row) => h('a', { href: goto('resources', row.environment, row.stack, row.address) }, `${row.stack} ${row.address}`);
const amount = (usd) => usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const changes = (counts) => { const parts = Object.entries(counts || {}).filter(([, number]) => number).map(([verb, number]) => `${number} to ${verb}`); return parts.length ? parts.join(', ') : 'no changes'; };
const days = (date) => Math.round((Date.parse(date) - Date.parse(new Date().toISOString().slice(0, 10))) / 86400000);

const VIEWS = {
  overview: ['Overview', (here) => {
    const gate = contents.gate;
    const soonest = contents.risks[0], priced = environments.filter(costOf);
    return [
      h('p', { class: 'lead' }, 'Generated from the synthesized stacks and the reports of gate, plan, rehearsal and verify. A report that is missing is named.'),
      cards([
        gate ? [gate.outcome, `gate, on ${gate.today}`, KINDS[gate.outcome]] : ['unknown', 'gate', 'warn'],
        [environments.reduce((sum, each) => sum + each.phases.length, 0), 'stacks'],
        [environments.reduce((sum, each) => sum + each.resources, 0).toLocaleString('en'), `resources in ${count(environments.length, 'environment')}`],
        gate && [gate.passed.toLocaleString('en'), 'checks passed'],
        gate && [gate.findings.toLocaleString('en'), 'findings', gate.findings ? 'bad' : ''],
        gate && [gate.accepted.toLocaleString('en'), `findings accepted by ${count(contents.risks.length, 'risk')}`],
        soonest && [`${days(soonest.expires)} days`, `until the first risk expires: ${soonest.id}`, days(soonest.expires) < 30 ? 'warn' : ''],
      ].filter(Boolean)),
      table('Environments', ['environment', 'account, region', ['zones', 'number'], ['resources', 'number'], ['accepted', 'number'], 'rollout', 'last rehearsal', ['USD a month', 'number']], environments.map((each) => [
        h('a', { href: goto('phases', each.name) }, each.name), [code(each.account), ', ', h('span', { class: 'whole' }, each.region)], each.zones, each.resources.toLocaleString('en'), each.accepted ?? 'unknown', rollout(each),
        each.rehearsal ? [status(each.rehearsal.passed ? 'pass' : 'fail'), ' ', time(each.rehearsal.started_at)] : h('span', { class: 'muted' }, 'none'), h('a', { href: goto('cost', each.name) }, costOf(each) ? amount(costOf(each).total) : 'skipped'),
      ])),
      h('h2', {}, 'Cost by phase'),
      priced.length ? table('Cost by phase', ['USD a month', ...priced.map((each) => [each.name, 'number'])], [
        ...environments[0].phases.map((phase) => [phase.name, ...priced.map((each) => costOf(each).phases[phase.name] ? amount(costOf(each).phases[phase.name]) : '')]).filter((row) => row.slice(1).some(Boolean)),
        ...[['fixed', 'fixed'], ['for the assumed use', 'assumed'], ['total', 'total']].map(([name, key]) => [name, ...priced.map((each) => h(key === 'total' ? 'strong' : 'span', {}, amount(costOf(each)[key])))]),
      ], false) : null,
      unpriced(environments),
      gate && gate.errors.length ? [h('h2', {}, 'Scan errors of the gate'), table('Scan errors', ['where', 'what', 'fix'], gate.errors.map((each) => [h('span', { class: 'long' }, each.where), each.what, each.fix]))] : null,
      gate && gate.warnings.length ? [h('h2', {}, 'Warnings of the gate'), h('ul', {}, gate.warnings.map((text) => h('li', {}, text)))] : null,
      Object.keys(contents.missing).length ? h('details', {}, h('summary', {}, count(Object.keys(contents.missing).length, 'report is missing', 'reports are missing')), h('ul', {}, Object.entries(contents.missing).map(([name, why]) => h('li', {}, code(name), ` ${why}`)))) : null,
    ];
  }],
  environments: ['Environments', () => {
    const heads = environments.map((each) => [each.name, 'number']);
    const row = (name, get) => { const values = environments.map(get), differs = new Set(values.map(String)).size > 1; return [name, ...values.map((text) => ({ text: String(text), differs }))]; };
    return [
      h('p', { class: 'lead' }, 'Environments side by side. A coloured row differs. The cause of every difference is a value, with its file and line, and the parts of the stacks that it changes.'),
      h('h2', {}, 'Sizes'),
      table('Resources by phase', ['', ...heads], [
        row('Availability Zones', (each) => each.zones),
        ...environments[0].phases.map((phase, number) => row(phase.name, (each) => each.phases[number].resources)),
        row('all resources', (each) => each.resources),
      ], false),
      h('h2', {}, `${count(contents.settings.length, 'setting')} that differ`),
      contents.settings.length ? table(count(contents.settings.length, 'setting'), ['setting', ...environments.map((each) => each.name), 'changes'], contents.settings.map((each) => [
        h('code', { class: 'long' }, each.setting), ...each.values.map((value, number) => [value === '' ? h('span', { class: 'muted' }, 'not set') : h('code', { class: 'long' }, value), each.places[number] ? h('div', { class: 'muted' }, each.places[number]) : null]),
        each.changes.length ? h('details', {}, h('summary', {}, count(each.changes.length, 'part')), each.changes.map((part) => h('div', {}, h('code', { class: 'long' }, part)))) : h('span', { class: 'muted' }, 'names at most'),
      ])) : h('p', {}, 'No setting differs.'),
    ];
  }],
  diagram: ['Diagram', (here) => [
    h('p', { class: 'lead' }, 'Columns are Availability Zones, rows are tiers, arrows are connections.'),
    h('div', { class: 'drawing', tabindex: 0, role: 'region', 'aria-label': `Diagram of ${here.name}` }, document.getElementById(`drawing-${environments.indexOf(here)}`).content.cloneNode(true)),
    h('p', {}, h('a', { href: goto('connections', here.name) }, 'The same connections as a table')),
  ]],
  connections: ['Connections', (here) => {
    const direct = here.arrows.filter((arrow) => !arrow.implied), implied = here.arrows.filter((arrow) => arrow.implied);
    const rows = (arrows) => arrows.map((arrow) => [arrow.source, arrow.target, arrow.port, arrow.why, arrow.rules.map((rule) => { const [stack, address] = rule.split(' '); return h('div', {}, h('a', { href: goto('resources', here.name, stack, address) }, address.split('.')[1])); })]);
    const heads = ['from', 'to', ['TCP port', 'number'], 'reason', 'security group rules'];
    return [
      h('p', { class: 'lead' }, 'What may connect to what: proven from routes, addresses and security groups in the stacks. Nothing else is possible.'),
      table(`Connections of ${here.name}`, heads, rows(direct)),
      implied.length ? [h('h2', {}, 'Through the internet'), h('p', {}, 'What may connect to the internet may also connect to public addresses of this VPC: security groups can’t tell them apart.'), table('Implied connections', heads, rows(implied))] : null,
      h('h2', {}, 'Public names'),
      table('Records', ['name', 'types', ['weight', 'number'], 'target'], here.records.map((record) => [record.name, record.types.join(', '), record.weight ?? 'none', record.target || 'the load balancer'])),
    ];
  }],
  permissions: ['Permissions', (here) => {
    const groups = new Map();
    here.permissions.forEach((each) => groups.set(each.principal, [...(groups.get(each.principal) || []), each]));
    return [
      h('p', { class: 'lead' }, 'Who may do what. The gate compares these rows with all policies in the stacks; any other permission is a finding.'),
      table(`Permissions in ${here.name}`, ['who', 'may', 'what', 'reason'], [...groups].flatMap(([who, rows]) => rows.map((each, number) => [number ? h('span', { class: 'muted long' }, who) : h('span', { class: 'long' }, who), each.verb, each.target === '*' ? 'everything' : each.target, each.why]))),
    ];
  }],
  phases: ['Phases', (here) => [
    h('p', { class: 'lead' }, 'Each phase is a stack with its own state. They are applied in this order.'),
    table(`Phases of ${here.name}`, ['phase', 'what it creates', 'applied by', ['resources', 'number'], 'last plan', 'last rehearsal'], here.phases.map((phase) => [
      h('a', { href: goto('phase', here.name, phase.name) }, phase.name), phase.summary, phase.applied_by, phase.resources, planned(phase), phase.rehearsed.length ? changes(phase.rehearsed[0].counts) : 'none',
    ])),
    h('h2', {}, 'Status of the rollout'),
    here.status ? [h('p', {}, time(here.status.started_at)), table(`Status of ${here.name}`, here.status.table[0], here.status.table.slice(1).map((row) => row.map((cell) => cell === '-' ? '' : cell)))] : missing(`status-${here.name}.json`),
    ['apply', 'drift'].filter((command) => here.phases.some((phase) => phase.runs[command])).map((command) => [
      h('h2', {}, `Last ${command}`),
      table(`Last ${command}`, ['phase', 'result'], here.phases.filter((phase) => phase.runs[command]).map((phase) => [phase.name, result(phase.runs[command])])),
    ]),
  ]],
  phase: [null, (here, name) => {
    const phase = here.phases.find((each) => each.name === name);
    if (!phase) return h('p', {}, 'No such phase.');
    const types = new Map();
    resources().filter((row) => row.stack === phase.stack && !row.address.startsWith('data.')).forEach((row) => types.set(row.type, [...(types.get(row.type) || []), row]));
    return [
      h('p', { class: 'lead' }, `${phase.summary}. Applied by the ${phase.applied_by}. Reads ${phase.reads.join(', ') || 'no other phase'}.`),
      h('h2', {}, 'Last plan'),
      phase.runs.plan ? h('p', {}, result(phase.runs.plan)) : null,
      phase.plan ? planDetails(phase, phase.plan, here) : phase.runs.plan ? null : missing(`plan-${here.name}-*.json`),
      h('h2', {}, 'Plans of the last rehearsal'),
      phase.rehearsed.length ? phase.rehearsed.map((plan) => h('details', {}, h('summary', {}, `${plan.step}: ${changes(plan.counts)}`, plan.rehearsal === here.name ? '' : ` (rehearsal of ${plan.rehearsal})`), planDetails(phase, plan, here))) : here.rehearsal ? h('p', {}, 'It applied no plan of this phase.') : missing(`rehearsal-${here.name}.json`),
      h('h2', {}, count(phase.resources, 'resource')),
      table(phase.stack, ['type', ['number', 'number'], 'resources'], [...types].sort().map(([type, rows]) => [code(type), rows.length, rows.map((row) => h('div', {}, h('a', { href: goto('resources', here.name, row.stack, row.address) }, row.address.split('.')[1])))])),
    ];
  }],
  cost: ['Cost', (here) => {
    const found = costOf(here), differences = contents.cost.differences, names = contents.cost.environments.map((each) => each.name);
    const used = found ? found.lines.filter((line) => line.quantity) : [];
    return [
      h('p', { class: 'lead' }, 'Estimated from the stacks, list prices and assumed use, in US dollars a month, without free tiers, discounts, support and taxes. ', code(`make cost ENV=${here.name}`), ' prints the same.'),
      found ? [
        cards([[amount(found.total), 'USD a month'], [amount(found.fixed), 'fixed'], [amount(found.assumed), 'for the assumed use']]),
        unpriced([here]),
        h('h2', {}, 'By phase'), table('By phase', ['phase', ['USD a month', 'number']], [...Object.entries(found.phases).map(([phase, usd]) => [phase, amount(usd)]), ['total', h('strong', {}, amount(found.total))]], false),
        lines('Fixed', used.filter((line) => !line.assumed)), lines('For the assumed use', used.filter((line) => line.assumed)),
        h('h2', {}, 'Prices'), table('Prices', ['id', ['USD', 'number'], 'unit', 'as of', 'sources'], prices(used)),
      ] : unpriced([here]),
      names.length > 1 ? [h('h2', {}, 'Differences between environments'), table('Differences in cost', ['phase', 'what', ...names.map((name) => [name, 'number'])], differences.map((each) => [each.phase, each.what, ...names.map((name) => amount(each.usd[name]))]), false)] : null,
    ];
  }],
  resources: ['Resources', (here, stack, address) => {
    const all = resources();
    const texts = all.map((row) => undefined);
    const text = (number) => texts[number] ??= `${all[number].address} ${all[number].stack} ${all[number].arguments} ${all[number].gate.map((each) => `${each.check} ${each.risk || ''}`).join(' ')}`.toLowerCase();
    const search = h('input', { type: 'search', id: 'search', value: address || '', autocomplete: 'off', spellcheck: 'false' });
    const select = (id, options, value) => h('select', { id }, h('option', { value: '' }, 'all'), options.map((each) => h('option', { value: each, selected: each === value }, each)));
    const phaseFilter = select('phase-filter', here.phases.map((each) => each.stack), stack);
    const own = all.map((row, number) => [row, number]).filter(([row]) => row.environment === here.name);
    const typeFilter = select('type-filter', [...new Set(own.map(([row]) => row.type))].sort());
    const gateFilter = h('select', { id: 'gate-filter' }, h('option', { value: '' }, 'all'), h('option', { value: 'finding' }, 'with findings'), h('option', { value: 'accepted' }, 'with accepted risks'));
    const summary = h('p', { role: 'status', class: 'muted' });
    const list = h('div', {}), more = h('button', { type: 'button' });
    let matching = [], at = 0;
    const show = () => {
      list.append(...matching.slice(at, at + PAGE).map(([row]) => resource(row, matching.length === 1)));
      at = Math.min(at + PAGE, matching.length);
      more.hidden = at >= matching.length;
      more.textContent = `Show ${Math.min(PAGE, matching.length - at)} more`;
    };
    const update = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      matching = own.filter(([row, number]) => (!phaseFilter.value || row.stack === phaseFilter.value) && (!typeFilter.value || row.type === typeFilter.value)
        && (!gateFilter.value || row.gate.some((each) => (gateFilter.value === 'accepted') === Boolean(each.risk)))
        && words.every((word) => text(number).includes(word)));
      const exact = matching.filter(([row]) => row.address === search.value);
      if (exact.length) matching = exact;
      summary.textContent = `${matching.length.toLocaleString('en')} of ${own.length.toLocaleString('en')} resources and data sources`;
      list.replaceChildren();
      at = 0;
      show();
    };
    let later;
    search.addEventListener('input', () => { clearTimeout(later); later = setTimeout(update, 120); });
    [phaseFilter, typeFilter, gateFilter].forEach((each) => each.addEventListener('change', update));
    more.addEventListener('click', () => { const before = at; show(); const next = list.children[before]; if (next) next.querySelector('summary').focus(); });
    update();
    return [
      h('div', { class: 'tools', role: 'search' }, [[search, 'Search addresses, arguments, checks and risks'], [phaseFilter, 'Stack'], [typeFilter, 'Type'], [gateFilter, 'Gate']].map(([field, name]) => h('div', {}, h('label', { for: field.id }, name), field))),
      summary, list, more,
    ];
  }],
  risks: ['Risks', () => [
    h('p', { class: 'lead' }, 'Accepted risks, soonest expiry first. From its expiry on, a risk is a finding again.'),
    table(count(contents.risks.length, 'risk'), ['risk', 'expires', ['findings', 'number'], 'accepts', 'why', 'what closes it'], contents.risks.map((risk) => [
      [code(risk.id), h('div', { class: 'muted' }, risk.owner)], [h('span', { class: 'whole' }, risk.expires), h('div', { class: days(risk.expires) < 30 ? 'warn' : 'muted' }, `${days(risk.expires)} days`)], risk.findings, [risk.accepts.map((each) => h('div', {}, each)), h('div', { class: 'muted' }, `in ${risk.where.join(', ')}`)], risk.why, risk.closes,
    ])),
  ]],
  controls: ['Controls', (here) => {
    const totals = {};
    contents.controls.forEach((each) => { const found = each.results[here.name].status; totals[found] = (totals[found] || 0) + 1; });
    return [
      h('p', { class: 'lead' }, 'AWS Foundational Security Best Practices and CIS AWS Foundations Benchmark 3.0, decided by the gate’s checks of the stacks. Controls that no check decides, such as those of the root user, aren’t here.'),
      cards(Object.entries(totals).map(([name, number]) => [number, name, KINDS[name]])),
      ...['FSBP', 'CIS'].flatMap((standard) => [h('h2', {}, standard), table(`${standard} in ${here.name}`, ['control', 'title', 'status', 'risk', 'why'], contents.controls.filter((each) => each.standard === standard).map((each) => { const found = each.results[here.name]; return [each.id, each.title, status(found.status), found.risks.map((risk) => h('div', {}, code(risk))), h('span', { class: 'muted long' }, found.why)]; }))]),
    ];
  }],
  requirements: ['Requirements', () => {
    if (!contents.requirements.length) return h('p', { class: 'missing' }, code('docs/requirements.md'), ' is missing.');
    const sections = new Map();
    contents.requirements.forEach((each) => sections.set(each.section, [...(sections.get(each.section) || []), each]));
    return [
      h('p', { class: 'lead' }, `${count(contents.requirements.length, 'requirement')} of the rollout plan; ${contents.requirements.filter((each) => each.tests.length).length} have tests that claim to prove them.`),
      ...[...sections].flatMap(([name, rows]) => [h('h2', {}, name), table(name, ['id', 'statement', 'proof', 'tests'], rows.map((each) => [each.id, marked(each.statement), marked(each.how), each.tests.length ? h('details', {}, h('summary', { class: 'whole' }, count(each.tests.length, 'test')), each.tests.map((test) => h('div', {}, h('code', { class: 'long' }, test)))) : tag('pending', 'warn')]))]),
    ];
  }],
  rehearsal: ['Rehearsal and verify', (here) => [
    h('h2', {}, 'Last rehearsal'),
    here.rehearsal ? [
      h('p', {}, status(here.rehearsal.passed ? 'pass' : 'fail'), ` ${Math.round(here.rehearsal.seconds)} s, `, time(here.rehearsal.started_at), `. It proves ${here.rehearsal.proves}.`),
      table('Steps', ['step', 'status', ['seconds', 'number'], ['plans', 'number'], 'evidence'], here.rehearsal.steps.map((step) => [step.name, status(step.passed ? 'pass' : 'fail'), step.seconds.toFixed(1), step.plans || '', step.evidence])),
      here.rehearsal.steps.filter((step) => step.criteria && step.criteria.length).map((step) => h('details', {}, h('summary', {}, `Exit criteria on emulated AWS: ${step.criteria.length}`), criteria(step.criteria))),
      here.rehearsal.not_reached.length ? h('p', { class: 'warn' }, `Not reached: ${here.rehearsal.not_reached.join(', ')}`) : null,
      h('p', { class: 'muted' }, 'It doesn’t prove: ', here.rehearsal.does_not_prove.join('; '), '.'),
    ] : missing(`rehearsal-${here.name}.json`),
    h('h2', {}, 'Last verify'),
    here.verify ? [h('p', {}, time(here.verify.started_at)), criteria(here.verify.results)] : missing(`verify-${here.name}.json`),
  ]],
};
const PER_ENVIRONMENT = ['diagram', 'connections', 'permissions', 'phases', 'phase', 'resources', 'cost', 'controls', 'rehearsal'];

const costOf = (here) => contents.cost.environments.find((each) => each.name === here.name);
// What totals lack, beside them.
const unpriced = (shown) => {
  const reasons = new Map();
  shown.forEach((each) => {
    if (costOf(each)) costOf(each).unpriced.forEach(({ reason, what }) => reasons.set(reason, new Set([...(reasons.get(reason) || []), ...what])));
    else reasons.set(`no prices of ${each.region}; make prices ENV=${each.name} creates them`, new Set([`everything in ${each.name}`]));
  });
  return reasons.size ? h('details', { class: 'missing', open: shown.length === 1 }, h('summary', {}, 'Not in the total'), h('ul', {}, [...reasons].map(([reason, what]) => h('li', {}, [...what].map((each, number) => [number ? ', ' : '', code(each)]), `: ${reason}`)))) : null;
};
const price = (line) => line.price === null ? tag('no price', 'warn') : [line.unconfirmed ? [tag('unconfirmed', 'warn'), ' '] : null, String(line.price)];
const lines = (name, rows) => [h('h2', {}, name), table(name, ['phase', 'what', ['resources', 'number'], ['quantity', 'number'], 'unit', ['price', 'number'], ['USD', 'number'], 'id of the price'], rows.map((line) => [
  line.phase, line.what, line.resources, line.quantity.toLocaleString('en', { maximumFractionDigits: 6 }), line.unit || '', price(line), line.usd === null ? '' : amount(line.usd), code(line.price_id),
]), false)];
// Each price once, with its day and sources.
const prices = (rows) => [...new Map(rows.filter((line) => line.price !== null).map((line) => [line.price_id, line]))].sort().map(([id, line]) => [
  code(id), price(line), line.unit, h('span', { class: 'whole' }, line.date), [line.unconfirmed ? h('div', {}, line.unconfirmed) : null, line.sources.map((each) => h('div', { class: 'muted long' }, each))],
]);
const result = (run) => [run.result + (run.waits_for.length ? ` for ${run.waits_for.join(', ')}` : ''), ' ', h('span', { class: 'muted' }, time(run.started_at))];
const planned = (phase) => phase.plan ? judged(phase.plan) : phase.runs.plan ? result(phase.runs.plan) : 'none';
const KIND = { stateful: 'loses data', configuration: 'runs other code', loss_in_place: 'loses data in place', outage: 'stops traffic', protection_off: 'switches a protection off', widening: 'allows more', secret: 'holds a secret' };
const judged = (plan) => [status({ findings: 'refused', error: "can't be judged" }[plan.outcome] || plan.outcome), ` ${changes(plan.counts)}`];
const planDetails = (phase, plan, here) => [
  h('p', {}, judged(plan), plan.approved.length ? `, approved: ${plan.approved.join(', ').replaceAll('_', ' ')}` : ''),
  plan.findings.length ? table('What it widens and loses', ['address', 'effect', 'what', 'status'], plan.findings.map((each) => [code(each.where), KIND[each.kind] || each.kind, each.what, status(each.refused ? 'refused' : 'approved')])) : h('p', {}, 'It widens and loses nothing.'),
  Object.entries(plan.changes).map(([action, addresses]) => [h('h3', {}, `${addresses.length} to ${action}`), h('ul', { class: 'columns' }, addresses.map((address) => h('li', {}, h('a', { href: goto('resources', here.name, phase.stack, address) }, address))))]),
];
const criteria = (results) => table('Exit criteria', ['phase', 'criterion', 'status', 'evidence'], results.map((each) => [each.phase, each.meaning, status(each.status), each.evidence]));
const rollout = (each) => {
  if (each.status) { const applied = each.status.phases.filter((phase) => phase.applied).length; return [`${applied} of ${each.phases.length} phases applied, `, time(each.status.started_at)]; }
  return h('span', { class: 'muted' }, 'unknown');
};

const resource = (row, open) => {
  const findings = row.gate.filter((each) => !each.risk).length, accepted = row.gate.length - findings;
  const element = h('details', { class: 'resource' }, h('summary', {}, code(row.address), h('span', { class: 'muted' }, row.stack), ' ', findings ? tag(count(findings, 'finding'), 'bad') : null, accepted ? tag(`${accepted} accepted`, 'warn') : null));
  const fill = () => {
    if (element.children.length > 1) return;
    const links = (numbers) => numbers.length ? h('ul', {}, numbers.map((number) => h('li', {}, resourceLink(resources()[number])))) : h('p', { class: 'muted' }, 'nothing');
    element.append(h('div', {}, h('p', {}, code(`${row.file}:${row.line}`)),
      row.gate.length ? h('ul', {}, row.gate.map((each) => h('li', {}, code(each.check), ` ${each.sentence}`, each.risk ? [': accepted by ', code(each.risk), ` until ${each.expires}, because ${each.why}`] : [' ', tag('finding', 'bad')]))) : null,
      h('h3', {}, 'As HCL'), h('pre', { tabindex: 0 }, row.arguments),
      h('h3', {}, 'Refers to'), links(row.uses), h('h3', {}, 'Is referred to by'), links(row.usedBy)));
  };
  element.addEventListener('toggle', fill);
  if (open) { fill(); element.open = true; }
  return element;
};

const main = document.getElementById('main'), picker = document.getElementById('environment');
const titled = (name, here, rest) => {
  const [title, build] = VIEWS[name];
  const text = name === 'phase' ? `Phase ${rest[0]}` : title;
  const of = PER_ENVIRONMENT.includes(name) ? ` of ${here.name}` : '';
  return h('section', {}, h('h1', { tabindex: -1 }, text + of), build(here, ...rest));
};
// A table that is too wide for the screen has its cells below each other; what is wider still can be scrolled with the keyboard too.
const fit = () => {
  const found = [...document.querySelectorAll('.scroll')], narrow = innerWidth <= 800;
  const over = () => found.map((each) => each.scrollWidth > each.clientWidth);
  found.forEach((each) => each.firstChild.classList.remove('stacked'));
  over().forEach((wide, number) => found[number].firstChild.classList.toggle('stacked', (wide || narrow) && found[number].firstChild.classList.contains('wide')));
  over().forEach((wide, number) => { for (const [name, value] of [['tabindex', '0'], ['role', 'region'], ['aria-label', found[number].dataset.name]]) if (wide) found[number].setAttribute(name, value); else found[number].removeAttribute(name); });
};
let begun = false;
const render = () => {
  let parts;
  try { parts = location.hash.slice(1).split('/').map(decodeURIComponent); } catch { parts = []; }
  if (parts[0] === 'main') return;
  const [asked, wanted, ...rest] = parts;
  const name = Object.hasOwn(VIEWS, asked) ? asked : 'overview';
  const here = environments.find((each) => each.name === wanted) || environments.find((each) => each.name === picker.value) || environments[0];
  picker.value = here.name;
  main.replaceChildren(titled(name, here, rest));
  document.title = `${main.querySelector('h1').textContent} - Rollout`;
  document.querySelectorAll('#sections a').forEach((link) => {
    const own = link.dataset.view;
    link.href = PER_ENVIRONMENT.includes(own) ? goto(own, here.name) : goto(own);
    if (own === name || (own === 'phases' && name === 'phase')) { link.setAttribute('aria-current', 'page'); const bar = link.closest('ul'); bar.scrollLeft = link.offsetLeft - bar.clientWidth / 2 + link.offsetWidth / 2; } else link.removeAttribute('aria-current');
  });
  fit();
  if (begun) { main.querySelector('h1').focus(); scrollTo(0, 0); }
  begun = true;
};
picker.append(...environments.map((each) => h('option', { value: each.name }, each.name)));
picker.addEventListener('change', () => { const view = location.hash.slice(1).split('/')[0] || 'overview'; location.hash = goto(view === 'phase' ? 'phases' : view, picker.value); });
document.getElementById('sections').append(...Object.entries(VIEWS).filter(([, [title]]) => title).map(([name, [title]]) => h('li', {}, h('a', { 'data-view': name }, title))));
const theme = document.getElementById('theme');
const kept = { get: () => { try { return localStorage.getItem('theme') || ''; } catch { return ''; } }, set: (value) => { try { localStorage.setItem('theme', value); } catch { /* A page from a file may have no storage. */ } } };
const paint = () => { if (theme.value) document.documentElement.dataset.theme = theme.value; else delete document.documentElement.dataset.theme; };
theme.value = kept.get();
theme.addEventListener('change', () => { kept.set(theme.value); paint(); });
paint();
// On paper: every section of the chosen environment, without the list of resources.
addEventListener('beforeprint', () => { const here = environments.find((each) => each.name === picker.value); main.replaceChildren(...Object.keys(VIEWS).filter((name) => !['phase', 'resources'].includes(name)).map((name) => titled(name, here, []))); document.querySelectorAll('main details:not(td details)').forEach((each) => { each.open = true; }); });
addEventListener('afterprint', render);
addEventListener('hashchange', render);
addEventListener('resize', fit);
render();
