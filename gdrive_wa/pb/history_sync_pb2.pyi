from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HistorySync(_message.Message):
    __slots__ = ("conversations", "statuses", "push_names", "lid_numbers", "inline_contacts")
    CONVERSATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    PUSH_NAMES_FIELD_NUMBER: _ClassVar[int]
    LID_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    INLINE_CONTACTS_FIELD_NUMBER: _ClassVar[int]
    conversations: _containers.RepeatedCompositeFieldContainer[Conversation]
    statuses: _containers.RepeatedCompositeFieldContainer[WebMessageInfo]
    push_names: _containers.RepeatedCompositeFieldContainer[PushName]
    lid_numbers: _containers.RepeatedCompositeFieldContainer[LidNumber]
    inline_contacts: _containers.RepeatedCompositeFieldContainer[InlineContact]
    def __init__(self, conversations: _Optional[_Iterable[_Union[Conversation, _Mapping]]] = ..., statuses: _Optional[_Iterable[_Union[WebMessageInfo, _Mapping]]] = ..., push_names: _Optional[_Iterable[_Union[PushName, _Mapping]]] = ..., lid_numbers: _Optional[_Iterable[_Union[LidNumber, _Mapping]]] = ..., inline_contacts: _Optional[_Iterable[_Union[InlineContact, _Mapping]]] = ...) -> None: ...

class Conversation(_message.Message):
    __slots__ = ("id", "messages", "name", "display_name", "number_jid", "lid_jid")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_JID_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    id: str
    messages: _containers.RepeatedCompositeFieldContainer[HistorySyncMsg]
    name: str
    display_name: str
    number_jid: str
    lid_jid: str
    def __init__(self, id: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[HistorySyncMsg, _Mapping]]] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., number_jid: _Optional[str] = ..., lid_jid: _Optional[str] = ...) -> None: ...

class PushName(_message.Message):
    __slots__ = ("id", "name")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class LidNumber(_message.Message):
    __slots__ = ("number_jid", "lid_jid")
    NUMBER_JID_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    number_jid: str
    lid_jid: str
    def __init__(self, number_jid: _Optional[str] = ..., lid_jid: _Optional[str] = ...) -> None: ...

class InlineContact(_message.Message):
    __slots__ = ("number_jid", "lid_jid", "full_name", "first_name", "username")
    NUMBER_JID_FIELD_NUMBER: _ClassVar[int]
    LID_JID_FIELD_NUMBER: _ClassVar[int]
    FULL_NAME_FIELD_NUMBER: _ClassVar[int]
    FIRST_NAME_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    number_jid: str
    lid_jid: str
    full_name: str
    first_name: str
    username: str
    def __init__(self, number_jid: _Optional[str] = ..., lid_jid: _Optional[str] = ..., full_name: _Optional[str] = ..., first_name: _Optional[str] = ..., username: _Optional[str] = ...) -> None: ...

class HistorySyncMsg(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: WebMessageInfo
    def __init__(self, message: _Optional[_Union[WebMessageInfo, _Mapping]] = ...) -> None: ...

class WebMessageInfo(_message.Message):
    __slots__ = ("key", "message", "message_timestamp", "participant", "starred", "push_name", "stub_type", "media_data", "reactions")
    KEY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    STARRED_FIELD_NUMBER: _ClassVar[int]
    PUSH_NAME_FIELD_NUMBER: _ClassVar[int]
    STUB_TYPE_FIELD_NUMBER: _ClassVar[int]
    MEDIA_DATA_FIELD_NUMBER: _ClassVar[int]
    REACTIONS_FIELD_NUMBER: _ClassVar[int]
    key: MessageKey
    message: Message
    message_timestamp: int
    participant: str
    starred: bool
    push_name: str
    stub_type: int
    media_data: MediaData
    reactions: _containers.RepeatedCompositeFieldContainer[Reaction]
    def __init__(self, key: _Optional[_Union[MessageKey, _Mapping]] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., message_timestamp: _Optional[int] = ..., participant: _Optional[str] = ..., starred: bool = ..., push_name: _Optional[str] = ..., stub_type: _Optional[int] = ..., media_data: _Optional[_Union[MediaData, _Mapping]] = ..., reactions: _Optional[_Iterable[_Union[Reaction, _Mapping]]] = ...) -> None: ...

class Reaction(_message.Message):
    __slots__ = ("key", "text")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    key: MessageKey
    text: str
    def __init__(self, key: _Optional[_Union[MessageKey, _Mapping]] = ..., text: _Optional[str] = ...) -> None: ...

class MediaData(_message.Message):
    __slots__ = ("local_path",)
    LOCAL_PATH_FIELD_NUMBER: _ClassVar[int]
    local_path: str
    def __init__(self, local_path: _Optional[str] = ...) -> None: ...

class MessageKey(_message.Message):
    __slots__ = ("remote_jid", "from_me", "id", "participant")
    REMOTE_JID_FIELD_NUMBER: _ClassVar[int]
    FROM_ME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    remote_jid: str
    from_me: bool
    id: str
    participant: str
    def __init__(self, remote_jid: _Optional[str] = ..., from_me: bool = ..., id: _Optional[str] = ..., participant: _Optional[str] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("conversation", "image", "contact", "location", "text", "document", "audio_message", "video", "call", "protocol", "contacts", "live_location", "sticker", "device_sent", "view_once", "ephemeral", "poll", "document_with_caption", "view_once_2", "edited", "view_once_2_extension", "poll_2", "group_mentioned", "poll_3", "round_video", "bot_invoke", "comment", "status_mention", "associated_child", "group_status_mention", "status_add_yours", "group_status", "limit_sharing", "question", "group_status_2", "bot_forwarded", "question_reply", "spoiler")
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    AUDIO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    LIVE_LOCATION_FIELD_NUMBER: _ClassVar[int]
    STICKER_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SENT_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_FIELD_NUMBER: _ClassVar[int]
    EPHEMERAL_FIELD_NUMBER: _ClassVar[int]
    POLL_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_WITH_CAPTION_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_2_FIELD_NUMBER: _ClassVar[int]
    EDITED_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_2_EXTENSION_FIELD_NUMBER: _ClassVar[int]
    POLL_2_FIELD_NUMBER: _ClassVar[int]
    GROUP_MENTIONED_FIELD_NUMBER: _ClassVar[int]
    POLL_3_FIELD_NUMBER: _ClassVar[int]
    ROUND_VIDEO_FIELD_NUMBER: _ClassVar[int]
    BOT_INVOKE_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_MENTION_FIELD_NUMBER: _ClassVar[int]
    ASSOCIATED_CHILD_FIELD_NUMBER: _ClassVar[int]
    GROUP_STATUS_MENTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_ADD_YOURS_FIELD_NUMBER: _ClassVar[int]
    GROUP_STATUS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_SHARING_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    GROUP_STATUS_2_FIELD_NUMBER: _ClassVar[int]
    BOT_FORWARDED_FIELD_NUMBER: _ClassVar[int]
    QUESTION_REPLY_FIELD_NUMBER: _ClassVar[int]
    SPOILER_FIELD_NUMBER: _ClassVar[int]
    conversation: str
    image: ImageMessage
    contact: NamedMessage
    location: LocationMessage
    text: TextMessage
    document: DocumentMessage
    audio_message: AudioMessage
    video: VideoMessage
    call: Empty
    protocol: ProtocolMessage
    contacts: NamedMessage
    live_location: Empty
    sticker: StickerMessage
    device_sent: DeviceSent
    view_once: Wrapper
    ephemeral: Wrapper
    poll: PollMessage
    document_with_caption: Wrapper
    view_once_2: Wrapper
    edited: Wrapper
    view_once_2_extension: Wrapper
    poll_2: PollMessage
    group_mentioned: Wrapper
    poll_3: PollMessage
    round_video: VideoMessage
    bot_invoke: Wrapper
    comment: Wrapper
    status_mention: Wrapper
    associated_child: Wrapper
    group_status_mention: Wrapper
    status_add_yours: Wrapper
    group_status: Wrapper
    limit_sharing: Wrapper
    question: Wrapper
    group_status_2: Wrapper
    bot_forwarded: Wrapper
    question_reply: Wrapper
    spoiler: Wrapper
    def __init__(self, conversation: _Optional[str] = ..., image: _Optional[_Union[ImageMessage, _Mapping]] = ..., contact: _Optional[_Union[NamedMessage, _Mapping]] = ..., location: _Optional[_Union[LocationMessage, _Mapping]] = ..., text: _Optional[_Union[TextMessage, _Mapping]] = ..., document: _Optional[_Union[DocumentMessage, _Mapping]] = ..., audio_message: _Optional[_Union[AudioMessage, _Mapping]] = ..., video: _Optional[_Union[VideoMessage, _Mapping]] = ..., call: _Optional[_Union[Empty, _Mapping]] = ..., protocol: _Optional[_Union[ProtocolMessage, _Mapping]] = ..., contacts: _Optional[_Union[NamedMessage, _Mapping]] = ..., live_location: _Optional[_Union[Empty, _Mapping]] = ..., sticker: _Optional[_Union[StickerMessage, _Mapping]] = ..., device_sent: _Optional[_Union[DeviceSent, _Mapping]] = ..., view_once: _Optional[_Union[Wrapper, _Mapping]] = ..., ephemeral: _Optional[_Union[Wrapper, _Mapping]] = ..., poll: _Optional[_Union[PollMessage, _Mapping]] = ..., document_with_caption: _Optional[_Union[Wrapper, _Mapping]] = ..., view_once_2: _Optional[_Union[Wrapper, _Mapping]] = ..., edited: _Optional[_Union[Wrapper, _Mapping]] = ..., view_once_2_extension: _Optional[_Union[Wrapper, _Mapping]] = ..., poll_2: _Optional[_Union[PollMessage, _Mapping]] = ..., group_mentioned: _Optional[_Union[Wrapper, _Mapping]] = ..., poll_3: _Optional[_Union[PollMessage, _Mapping]] = ..., round_video: _Optional[_Union[VideoMessage, _Mapping]] = ..., bot_invoke: _Optional[_Union[Wrapper, _Mapping]] = ..., comment: _Optional[_Union[Wrapper, _Mapping]] = ..., status_mention: _Optional[_Union[Wrapper, _Mapping]] = ..., associated_child: _Optional[_Union[Wrapper, _Mapping]] = ..., group_status_mention: _Optional[_Union[Wrapper, _Mapping]] = ..., status_add_yours: _Optional[_Union[Wrapper, _Mapping]] = ..., group_status: _Optional[_Union[Wrapper, _Mapping]] = ..., limit_sharing: _Optional[_Union[Wrapper, _Mapping]] = ..., question: _Optional[_Union[Wrapper, _Mapping]] = ..., group_status_2: _Optional[_Union[Wrapper, _Mapping]] = ..., bot_forwarded: _Optional[_Union[Wrapper, _Mapping]] = ..., question_reply: _Optional[_Union[Wrapper, _Mapping]] = ..., spoiler: _Optional[_Union[Wrapper, _Mapping]] = ...) -> None: ...

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TextMessage(_message.Message):
    __slots__ = ("text", "context")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    context: Context
    def __init__(self, text: _Optional[str] = ..., context: _Optional[_Union[Context, _Mapping]] = ...) -> None: ...

class ImageMessage(_message.Message):
    __slots__ = ("caption", "context")
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    caption: str
    context: Context
    def __init__(self, caption: _Optional[str] = ..., context: _Optional[_Union[Context, _Mapping]] = ...) -> None: ...

class VideoMessage(_message.Message):
    __slots__ = ("caption", "context")
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    caption: str
    context: Context
    def __init__(self, caption: _Optional[str] = ..., context: _Optional[_Union[Context, _Mapping]] = ...) -> None: ...

class DocumentMessage(_message.Message):
    __slots__ = ("title", "file_name", "context", "caption")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CAPTION_FIELD_NUMBER: _ClassVar[int]
    title: str
    file_name: str
    context: Context
    caption: str
    def __init__(self, title: _Optional[str] = ..., file_name: _Optional[str] = ..., context: _Optional[_Union[Context, _Mapping]] = ..., caption: _Optional[str] = ...) -> None: ...

class StickerMessage(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: Context
    def __init__(self, context: _Optional[_Union[Context, _Mapping]] = ...) -> None: ...

class NamedMessage(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class LocationMessage(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class PollMessage(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ProtocolMessage(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: int
    def __init__(self, type: _Optional[int] = ...) -> None: ...

class Wrapper(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: Message
    def __init__(self, message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class DeviceSent(_message.Message):
    __slots__ = ("destination_jid", "message")
    DESTINATION_JID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    destination_jid: str
    message: Message
    def __init__(self, destination_jid: _Optional[str] = ..., message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class AudioMessage(_message.Message):
    __slots__ = ("url", "mimetype", "file_sha256", "file_length", "seconds", "ptt", "media_key", "file_enc_sha256", "direct_path", "media_key_timestamp", "context", "waveform", "view_once")
    URL_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_SHA256_FIELD_NUMBER: _ClassVar[int]
    FILE_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    PTT_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_FIELD_NUMBER: _ClassVar[int]
    FILE_ENC_SHA256_FIELD_NUMBER: _ClassVar[int]
    DIRECT_PATH_FIELD_NUMBER: _ClassVar[int]
    MEDIA_KEY_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WAVEFORM_FIELD_NUMBER: _ClassVar[int]
    VIEW_ONCE_FIELD_NUMBER: _ClassVar[int]
    url: str
    mimetype: str
    file_sha256: bytes
    file_length: int
    seconds: int
    ptt: bool
    media_key: bytes
    file_enc_sha256: bytes
    direct_path: str
    media_key_timestamp: int
    context: Context
    waveform: bytes
    view_once: bool
    def __init__(self, url: _Optional[str] = ..., mimetype: _Optional[str] = ..., file_sha256: _Optional[bytes] = ..., file_length: _Optional[int] = ..., seconds: _Optional[int] = ..., ptt: bool = ..., media_key: _Optional[bytes] = ..., file_enc_sha256: _Optional[bytes] = ..., direct_path: _Optional[str] = ..., media_key_timestamp: _Optional[int] = ..., context: _Optional[_Union[Context, _Mapping]] = ..., waveform: _Optional[bytes] = ..., view_once: bool = ...) -> None: ...

class Context(_message.Message):
    __slots__ = ("stanza_id", "participant", "quoted", "forwarding_score", "is_forwarded")
    STANZA_ID_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    QUOTED_FIELD_NUMBER: _ClassVar[int]
    FORWARDING_SCORE_FIELD_NUMBER: _ClassVar[int]
    IS_FORWARDED_FIELD_NUMBER: _ClassVar[int]
    stanza_id: str
    participant: str
    quoted: Message
    forwarding_score: int
    is_forwarded: bool
    def __init__(self, stanza_id: _Optional[str] = ..., participant: _Optional[str] = ..., quoted: _Optional[_Union[Message, _Mapping]] = ..., forwarding_score: _Optional[int] = ..., is_forwarded: bool = ...) -> None: ...
