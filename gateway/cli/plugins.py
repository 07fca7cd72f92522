"""`gateway plugins`, `gateway schema`, `gateway example`: what is installed and how it is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.places import commands_of, echo_json, host_here, json_option

if TYPE_CHECKING:
    from gateway.plugins import Plugin, PluginHost


@click.command("plugins", short_help="List the installed plugins and what is wrong with them.")
@json_option
def show_plugins(as_json: bool) -> None:
    """List the installed plugins: where from, what they offer, what is wrong with them."""
    host = host_here()
    if as_json:
        echo_json([_as_data(plugin, host) for plugin in host.plugins])
        return
    if not host.plugins:
        click.echo("No plugin is installed. Each is a package: pip install gateway-widget")
    for plugin in host.plugins:
        _print(plugin, host)


def _as_data(plugin: Plugin, host: PluginHost) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "disabled": plugin.disabled,
        "offers": [
            {"what": what, "kind": kind, "summary": host.summary(what, kind)} for what, kind in plugin.offers if kind
        ],
        "commands": [{"name": name, "summary": summary} for name, summary in _commands(plugin, host)],
        "problems": [
            {"text": problem.text, "cure": problem.cure, "traceback": problem.traceback} for problem in plugin.problems
        ],
    }


def _commands(plugin: Plugin, host: PluginHost) -> list[tuple[str, str]]:
    """Return the names and summaries of the commands a plugin adds to `gateway`."""
    offers = [
        offer for offer in host.commands if (offer.plugin, offer.distribution) == (plugin.name, plugin.distribution)
    ]
    return [(name, each.get_short_help_str(80)) for offer in offers for name, each in commands_of(offer).items()]


def _print(plugin: Plugin, host: PluginHost) -> None:
    state = click.style(" (disabled)", dim=True) if plugin.disabled else ""
    click.echo(f"{click.style(plugin.name, bold=True)}  {plugin.distribution} {plugin.version}{state}")
    for what, kind in plugin.offers:
        if kind:
            click.echo(f"  {what} {kind}: {host.summary(what, kind)}")
    for name, summary in _commands(plugin, host):
        click.echo(f"  command {name}: {summary}")
    for problem in plugin.problems:
        click.echo(click.style(f"  problem: {problem}", fg="red"))


@click.command(short_help="Print the JSON Schema of the configuration.")
def schema() -> None:
    """Print the JSON Schema of the configuration with the installed plugins, for editors and other tools."""
    from gateway.config.schema import schema_of  # noqa: PLC0415

    echo_json(schema_of(host_here()))


@click.command(short_help="Print a sample configuration, of one kind or of all.")
@click.argument("kind", required=False)
def example(kind: str | None) -> None:
    """Print a sample configuration: of one KIND, or (without KIND) of everything that is installed."""
    from gateway.config.example import example_of, whole_example  # noqa: PLC0415

    host = host_here()
    click.echo(whole_example(host) if kind is None else example_of(host, kind), nl=False)


COMMANDS = (show_plugins, schema, example)
