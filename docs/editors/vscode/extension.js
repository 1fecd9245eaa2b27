// Starts `smpcc lsp` for .smpc files. What the editor shows comes from there.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function activate() {
    const settings = workspace.getConfiguration("smpc.server");
    const server = {
        command: settings.get("path", "smpcc"),
        args: settings.get("arguments", ["lsp"]),
        transport: TransportKind.stdio,
    };
    const documents = { documentSelector: [{ scheme: "file", language: "smpc" }] };
    client = new LanguageClient("smpc", "smpc", server, documents);
    return client.start();
}

function deactivate() {
    return client?.stop();
}

module.exports = { activate, deactivate };
