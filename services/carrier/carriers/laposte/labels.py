"""Colissimo's SLS `generateLabel` and `getLabel`: what their answers mean. Pure; the requests are in `label_request`.

Success is HTTP 200, multipart/related, with a part `<jsonInfos>` whose message id is "0", a part `<label>` and, for
customs, a part `<cn23>`. Errors are messages with ids, or one of three other shapes. There is no idempotency key and
no cancel operation. Source: the SLS WSDL, and recorded exchanges of public clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import Message
from typing import Any

from services.carrier.carriers.laposte.formats import Printing
from services.carrier.carriers.laposte.messages import meaning
from services.carrier.domain.carrier import (
    AnswerLost,
    CheckAnswer,
    LabelAnswer,
    LabelMade,
    LabelPossible,
    LabelReprint,
    Refused,
    TryLater,
    Unexplained,
)
from services.carrier.domain.documents import PDF, ZPL, Document, read_document
from services.carrier.domain.s10 import is_parcel_id
from shared.http.counterpart_answer import Answer
from shared.http.json_reader import read_leniently

LOST_STATUSES = frozenset({502, 504})
"""A gateway that gave up waiting: the label may have been made behind it."""
LATER_STATUSES = frozenset({408, 429})
"""Of the statuses below 500, those that ask for nothing but patience."""
MOST_PARTS = 20
LONGEST_PART_HEAD = 4096

_LANGUAGES = {PDF: "pdf", ZPL: "zpl", "": "document"}
"""Of printers, as reasons name them."""
_ERROR_ID = re.compile(r"[0-9]{1,6}")
"""SLS numbers its errors. Anything else is none of its messages."""
_NUMBER = re.compile(r"(?=[0-9]*[A-Z])(?=(?:[A-Z]*[0-9]){7})[A-Z0-9]{1,40}")
"""A parcel's number, which is published: it holds a letter and seven digits or more, as no phone and no name does."""


def read_label_answer(answer: Answer, printing: Printing) -> LabelAnswer:
    """What the answer of `generateLabel` means. A success that cannot be read counts as a lost answer: the label may
    exist. A label is a whole document in the printer's language that was requested, and nothing else."""
    if answer.status in LOST_STATUSES:
        return AnswerLost(f"sls:http_{answer.status}")
    parts, whole = related_parts(answer.content_type, answer.body)
    infos = _infos(parts.get("jsonInfos", b"") if parts else answer.body)
    if (refused := _refusal(answer, infos)) is not None:
        return refused
    return _made(infos, parts if whole else {}, printing)


def read_reprint_answer(answer: Answer, number: str, printing: Printing) -> LabelReprint:
    """What the answer of `getLabel` means for the label of this number. The call makes no label, so it is repeated
    after every fault that may pass. Papers without a CN23 are none: it is printed with the label, or never."""
    if answer.status in LOST_STATUSES:
        return TryLater(f"sls:http_{answer.status}")
    parts, whole = related_parts(answer.content_type, answer.body)
    infos = _infos(parts.get("jsonInfos", b"") if parts else answer.body)
    refused = _refusal(answer, infos)
    if isinstance(refused, TryLater):
        return refused
    if refused is not None:
        return AnswerLost(refused.reason, number)
    label = _label_infos(infos)
    if label.get("parcelNumber", number) != number:
        return AnswerLost("sls:bad_parcel_number", number)
    papers = _papers(parts if whole else {}, printing, any_cn23=True)
    if isinstance(papers, str):
        return AnswerLost(papers, number)
    if papers[1] is None:
        return AnswerLost("sls:cn23_missing", number)
    return LabelMade(number, *papers, _partner(label))


def read_check_answer(answer: Answer) -> CheckAnswer:
    """What the answer of `checkGenerateLabel` means. Only one that says so in words of SLS lets a label through."""
    infos = _infos(answer.body)
    if (refused := _refusal(answer, infos)) is not None:
        return refused
    messages = infos.get("messages") if isinstance(infos, Mapping) else None
    passed = isinstance(messages, list) and any(
        isinstance(message, Mapping) and str(message.get("id")) == "0" for message in messages
    )
    return LabelPossible() if passed else Unexplained("sls:unreadable")


def _refusal(answer: Answer, infos: Any) -> Refused | TryLater | None:
    """Why the answer is no success; None when it is one.

    A refusal is believed only of an answer that names an error as SLS does: an HTML page, a 422 or a bare 400 may come
    from a firewall, or be a fault of our own request.
    """
    ids = _error_ids(infos, unnumbered=f"http_{answer.status}")
    if not ids and answer.status == 200:
        return None
    ids = ids or [f"http_{answer.status}"]
    if answer.status >= 500 or answer.status in LATER_STATUSES:
        return TryLater(f"sls:{ids[0]}", answer.retry_after)
    return meaning(ids, answer.retry_after)


def _infos(body: bytes) -> Any:
    try:
        return read_leniently(body)
    except ValueError:
        return None


def _made(infos: Any, parts: Mapping[str, bytes], printing: Printing) -> LabelAnswer:
    label = _label_infos(infos)
    number = label.get("parcelNumber")
    if not isinstance(number, str):
        return AnswerLost("sls:unreadable")
    if not is_parcel_id(number) or not _NUMBER.fullmatch(number):
        return AnswerLost("sls:bad_parcel_number")
    papers = _papers(parts, printing)
    if isinstance(papers, str):
        return AnswerLost(papers, number)
    return LabelMade(number, *papers, _partner(label))


def _label_infos(infos: Any) -> Mapping[str, Any]:
    """The answer's fields about the label; empty when there are none."""
    label = infos.get("labelV2Response") if isinstance(infos, Mapping) else None
    return label if isinstance(label, Mapping) else {}


def _partner(label: Mapping[str, Any]) -> str | None:
    partner = label.get("parcelNumberPartner")
    return partner if isinstance(partner, str) and _NUMBER.fullmatch(partner) else None


def _papers(
    parts: Mapping[str, bytes], printing: Printing, *, any_cn23: bool = False
) -> tuple[Document, Document | None] | str:
    """Label and CN23, or why there is none to print. `any_cn23`: in whichever language; `getLabel` is not told."""
    if not parts.get("label"):
        return "sls:label_missing"
    label = _document(parts["label"], printing.label_type)
    if label is None:
        return f"sls:label_no_{_LANGUAGES[printing.label_type]}"
    if "cn23" not in parts:
        return label, label if printing.on_one_page else None
    cn23 = _document(parts["cn23"], None if any_cn23 else printing.cn23_type)
    return (label, cn23) if cn23 is not None else f"sls:cn23_no_{_LANGUAGES[printing.cn23_type or '']}"


def _document(content: bytes, media_type: str | None) -> Document | None:
    """None when it is no whole document, or of another media type than this one."""
    document = read_document(content)
    return document if document is not None and media_type in (None, document.media_type) else None


def related_parts(content_type: str, body: bytes) -> tuple[dict[str, bytes], bool]:
    """The parts of a multipart/related body by Content-ID without its brackets, and whether the body is whole.

    Every byte of a part is kept, so that a PDF survives. A part that was cut off is left out; of more parts than
    `MOST_PARTS` the body is not whole. Lines end with CRLF, or, as in one recorded refusal, none does: then with LF.
    """
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not boundary:
        return {}, False
    end = b"\r\n" if b"\r\n" in body else b"\n"
    *chunks, last = (end + body).split(end + b"--" + boundary.encode(), MOST_PARTS + 1)
    parts: dict[str, bytes] = {}
    for chunk in chunks[1:]:
        head, blank, content = chunk.partition(end + end)
        if not blank or len(head) > LONGEST_PART_HEAD:
            continue
        named = re.search(rb"(?im)^content-id:\s*<?([^>\s]+)>?\s*$", head.replace(b"\r\n", b"\n"))
        if named:
            parts[named[1].decode("latin-1")] = content
    return parts, last.startswith(b"--")


def _error_ids(infos: Any, unnumbered: str) -> list[str]:
    """The ids of all errors, in the shapes SLS and its gateway have been seen to use; `unnumbered` in place of one that
    may be anybody's words: reasons are published."""
    if not isinstance(infos, Mapping):
        return []
    messages = infos.get("messages")
    ids = [
        message.get("id")
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, Mapping) and str(message.get("id")) != "0" and message.get("type", "ERROR") == "ERROR"
    ]
    errors = infos.get("errors")
    ids += [error.get("code") for error in (errors if isinstance(errors, list) else []) if isinstance(error, Mapping)]
    ids += [infos[key] for key in ("errorCode", "error") if infos.get(key) and str(infos[key]) not in ("0", "000")]
    return [str(code) if _ERROR_ID.fullmatch(str(code)) else unnumbered for code in ids]
