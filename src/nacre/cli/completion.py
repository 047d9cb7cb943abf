"""``nacre completion``: the script that lets a shell complete nacre's commands, options, files and codecs."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_NACRE_COMPLETE"  # where click looks

_HELP = """Print the completion script of a shell.

\b
  bash  nacre completion bash > ~/.local/share/bash-completion/completions/nacre
  zsh   nacre completion zsh > a folder of $fpath, as _nacre
  fish  nacre completion fish > ~/.config/fish/completions/nacre.fish
"""


@click.command(no_args_is_help=True, help=_HELP, epilog='Example: eval "$(nacre completion bash)"')
@click.argument("shell", metavar="SHELL", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "nacre", _VARIABLE).source())


def codec_names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Names of codecs that begin so, for options that take one."""
    from nacre.codecs.registry import codec_names as names

    return [CompletionItem(name) for name in names() if name.startswith(begun)]
