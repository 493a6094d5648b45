// The floor for a synthesis: the resources of a synthesized folder, built again in plain JavaScript. Each class is
// required from its own submodule, in one process, without jsii. References are strings by now and nothing is computed,
// so this is somewhat less work than the program it is compared with.
//
// node --preserve-symlinks --preserve-symlinks-main synth_floor.cjs SYNTHESIZED TARGET
"use strict";

const fs = require("fs");
const path = require("path");
const cdktf = require("cdktf");

const [, , synthesized, target] = process.argv;

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** Terraform's argument names as cdktf's property names, at every depth. */
function properties(value) {
  if (Array.isArray(value)) return value.map(properties);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camelCase(name), properties(inner)]));
}

const classes = new Map();

/** The class of a Terraform type: `aws_vpc` is in lib/vpc, data source `aws_vpc` in lib/data-aws-vpc. */
function classOf(kind, type) {
  const key = `${kind} ${type}`;
  if (!classes.has(key)) {
    const folder = (kind === "data" ? `data_${type}` : type.replace(/^aws_/, "")).replaceAll("_", "-");
    const exported = Object.values(require(`@cdktf/provider-aws/lib/${folder}`));
    classes.set(key, exported.find((candidate) => candidate.tfResourceType === type));
  }
  return classes.get(key);
}

function add(stack, kind, type, id, { "//": _, ...body }) {
  if (type === "terraform_remote_state") return new cdktf.DataTerraformRemoteStateS3(stack, `${kind}_${id}`, body.config);
  const element = new (classOf(kind, type))(stack, `${kind}_${type}_${id}`, properties(body));
  return element.overrideLogicalId(id);
}

const app = new cdktf.App({ outdir: target });
for (const name of fs.readdirSync(path.join(synthesized, "stacks"))) {
  const file = path.join(synthesized, "stacks", name, "cdk.tf.json");
  const { terraform, provider = {}, output = {}, ...elements } = JSON.parse(fs.readFileSync(file, "utf8"));
  const stack = new cdktf.TerraformStack(app, name);
  const { AwsProvider } = require("@cdktf/provider-aws/lib/provider");
  (provider.aws ?? []).forEach((body, index) => new AwsProvider(stack, `provider_${index}`, properties(body)));
  if (terraform.backend.s3) new cdktf.S3Backend(stack, properties(terraform.backend.s3));
  for (const kind of ["resource", "data"]) {
    for (const [type, named] of Object.entries(elements[kind] ?? {})) {
      for (const [id, body] of Object.entries(named)) add(stack, kind, type, id, body);
    }
  }
  for (const [id, body] of Object.entries(output)) new cdktf.TerraformOutput(stack, `output_${id}`, body);
}
app.synth();
