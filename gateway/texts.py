"""What the gateway says to clients in its own name, where the channel has no banner of its own, and how to change it.

Operators override any text per route, for all languages or for one; an empty text says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_LANGUAGE = "en"

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "queued": {
        "en": "We are finding somebody to help you.",
        "ru": "Ищем сотрудника, который вам поможет.",
        "pt": "Estamos procurando alguém para ajudar você.",
        "es": "Estamos buscando a alguien que le ayude.",
        "de": "Wir suchen jemanden, der Ihnen hilft.",
    },
    "queued_position": {
        "en": "We are finding somebody to help you. You are number {position} in the queue.",
        "ru": "Ищем сотрудника, который вам поможет. Вы в очереди под номером {position}.",
        "pt": "Estamos procurando alguém para ajudar você. Você é o número {position} na fila.",
        "es": "Estamos buscando a alguien que le ayude. Es usted el número {position} de la cola.",
        "de": "Wir suchen jemanden, der Ihnen hilft. Sie sind Nummer {position} in der Warteschlange.",
    },
    "joined": {
        "en": "{name} is here.",
        "ru": "{name} на связи.",
        "pt": "{name} está aqui.",
        "es": "{name} está aquí.",
        "de": "{name} ist da.",
    },
    "joined_unnamed": {
        "en": "An agent is here.",
        "ru": "Сотрудник на связи.",
        "pt": "Um atendente está aqui.",
        "es": "Un agente está aquí.",
        "de": "Ein Mitarbeiter ist da.",
    },
    "moved": {
        "en": "A colleague will take over in a moment.",
        "ru": "Сейчас вам ответит другой сотрудник.",
        "pt": "Um colega vai continuar em instantes.",
        "es": "Un compañero continuará en un momento.",
        "de": "Gleich übernimmt jemand aus dem Team.",
    },
    "left": {
        "en": "You are back with the assistant.",
        "ru": "С вами снова помощник.",
        "pt": "Você está de volta com o assistente.",
        "es": "Está de nuevo con el asistente.",
        "de": "Sie sprechen wieder mit dem Assistenten.",
    },
    "nobody": {
        "en": "Nobody is available right now. Please write again later.",
        "ru": "Сейчас никого нет на месте. Пожалуйста, напишите позже.",
        "pt": "Ninguém está disponível agora. Escreva novamente mais tarde.",
        "es": "Ahora no hay nadie disponible. Escriba de nuevo más tarde.",
        "de": "Im Moment ist niemand erreichbar. Bitte schreiben Sie später noch einmal.",
    },
    "bot_failed": {
        "en": "Sorry, I could not answer that just now. Please try again.",
        "ru": "Извините, сейчас не получилось ответить. Попробуйте ещё раз.",
        "pt": "Desculpe, não consegui responder agora. Tente novamente.",
        "es": "Lo siento, no he podido responder ahora. Inténtelo de nuevo.",
        "de": "Entschuldigung, das konnte ich gerade nicht beantworten. Bitte versuchen Sie es noch einmal.",
    },
    "client_gone": {
        "en": "The client left the conversation.",
        "ru": "Клиент вышел из диалога.",
        "pt": "O cliente saiu da conversa.",
        "es": "El cliente salió de la conversación.",
        "de": "Der Kunde hat das Gespräch verlassen.",
    },
    "taken_back": {
        "en": "The conversation goes on elsewhere.",
        "ru": "Диалог продолжается в другом месте.",
        "pt": "A conversa continua em outro lugar.",
        "es": "La conversación continúa en otro lugar.",
        "de": "Das Gespräch geht anderswo weiter.",
    },
    "closed": {
        "en": "This conversation is closed. Write again any time.",
        "ru": "Диалог закрыт. Пишите в любое время.",
        "pt": "Esta conversa foi encerrada. Escreva quando quiser.",
        "es": "Esta conversación está cerrada. Escriba cuando quiera.",
        "de": "Dieses Gespräch ist beendet. Schreiben Sie jederzeit wieder.",
    },
}

KEYS = frozenset(BUILT_IN)
ANY_LANGUAGE = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The texts of one route. `overrides`: key -> language (or empty for all) -> text."""

    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def get(self, key: str, language: str, **facts: str | int) -> str:
        """Return the text for a client's language (`pt-BR` falls back to `pt`, then English) with the facts put in."""
        own = self.overrides.get(key, {})
        short = language.partition("-")[0].lower()
        for texts, tag in ((own, language), (own, short), (own, ANY_LANGUAGE), (BUILT_IN[key], short)):
            if tag in texts:
                return texts[tag].format_map(_Lenient(facts))
        return BUILT_IN[key][DEFAULT_LANGUAGE].format_map(_Lenient(facts))


class _Lenient(dict[str, str | int]):
    """Leaves `{unknown}` in an operator's text as it is instead of failing a conversation over it."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
